#!/usr/bin/python3
"""discord_peer.py - API: the same small bot as discord_peer.cjs, on python3-discord. API is the base
without /v10. The token is in $DISCORD_PEER_TOKEN. Prints a JSON object for all that happens to it;
ends when stdin does."""
import asyncio
import json
import os
import sys
import urllib.request

sys.path.pop(0)  # discord.py beside this file is no library
import discord  # noqa: E402
import yarl  # noqa: E402
from discord import app_commands  # noqa: E402

GUILD = discord.Object(1200000000000000001)
discord.http.Route.BASE = sys.argv[2] + '/v10'
# It does not ask for the gateway's address but knows it; and this is what GET /gateway says.
ask = urllib.request.Request(discord.http.Route.BASE + '/gateway', headers={'User-Agent': 'DiscordBot (none, 1)'})
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(urllib.request.urlopen(ask))['url'])
QUIET = discord.AllowedMentions.none()


def say(what, **more):
    print(json.dumps({'what': what, **more}), flush=True)


class Buttons(discord.ui.View):
    @discord.ui.button(label='Tear down', style=discord.ButtonStyle.danger, custom_id='down')
    async def down(self, i, button):
        await i.response.edit_message(content='going down', embeds=[], view=None, allowed_mentions=QUIET)
        say('button', id='down', message=str(i.message.id), by=i.user.name)

    @discord.ui.button(label='Leave it', style=discord.ButtonStyle.secondary, custom_id='leave')
    async def leave(self, i, button):
        await i.response.defer()


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=QUIET)
        self.tree = app_commands.CommandTree(self)
        self.told = False

    async def setup_hook(self):
        asyncio.get_running_loop().create_task(self.until_eof())

    async def until_eof(self):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await self.close()

    async def on_ready(self):
        if self.told:
            return
        self.told = True
        made = await self.tree.sync(guild=GUILD)
        again = await self.tree.fetch_commands(guild=GUILD)
        say('ready', user=str(self.user.id), app=str(self.application_id), guild=self.get_guild(GUILD.id).name,
            commands=[c.name for c in made], same=[c.to_dict() for c in made] == [c.to_dict() for c in again])

    async def on_resumed(self):
        say('resumed')

    async def on_error(self, event, *args):
        say('broken', error=repr(sys.exc_info()[1]))


bot = Bot()
server = app_commands.Group(name='server', description='servers')


@server.command(name='up', description='start')
async def up(i: discord.Interaction, name: str):
    await i.response.defer()
    first = await i.edit_original_response(content='starting ' + name, allowed_mentions=QUIET)
    embed = discord.Embed(title='vanilla')
    embed.add_field(name='price', value='$1')
    f = await i.followup.send('running', embed=embed, view=Buttons(timeout=None), allowed_mentions=QUIET, wait=True)
    say('command', message=str(first.id), loading=True, followup=str(f.id), roles=[str(r.id) for r in i.user.roles])


@up.autocomplete('name')
async def names(i, current):
    say('autocomplete', typed=current)
    return [app_commands.Choice(name='vanilla (off)', value='vanilla')]


@server.command(name='list', description='list')
async def list_(i: discord.Interaction):
    await i.response.send_message('hidden', ephemeral=True, allowed_mentions=QUIET)
    m = await i.channel.send('<@%d> look' % i.user.id, allowed_mentions=discord.AllowedMentions(
        everyone=False, roles=False, users=[i.user]), nonce='n1')
    await m.edit(content='looked', allowed_mentions=QUIET)
    say('listed', message=str(m.id))


@bot.tree.error
async def broken(i, error):
    say('broken', error=repr(error), cause=repr(error.__cause__))

bot.tree.add_command(server, guild=GUILD)
try:
    bot.run(os.environ['DISCORD_PEER_TOKEN'], log_handler=None)
    say('bye')
except Exception as e:
    say('broken', error=repr(e))
