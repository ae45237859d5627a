// discord_peer.cjs DIR API: a small bot on discord.js, from the packages in DIR/node_modules, against
// the API whose base is API (without /v10). The token is in $DISCORD_PEER_TOKEN. Prints a JSON object
// for all that happens to it; ends when stdin does.
'use strict'
const path = require('path')
const { Client, Events, GatewayIntentBits } = require(path.resolve(process.argv[2], 'node_modules/discord.js'))
const say = (what, o) => console.log(JSON.stringify({ what, ...o }))
const GUILD = '1200000000000000001'

const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: process.argv[3], version: '10' } })
const quiet = { parse: [] }
const option = { type: 3, name: 'name', description: 'which', required: true, autocomplete: true }
const commands = [{
  name: 'server',
  description: 'servers',
  options: [{ type: 1, name: 'up', description: 'start', options: [option] },
    { type: 1, name: 'list', description: 'list' }]
}]

client.once(Events.ClientReady, async (c) => {
  const guild = await c.guilds.fetch(GUILD)
  const made = await guild.commands.set(commands)
  const again = await guild.commands.fetch()
  say('ready', {
    user: c.user.id,
    app: c.application.id,
    guild: guild.name,
    commands: made.map((x) => x.name),
    same: made.every((x) => again.get(x.id).equals(x))
  })
})

async function command (i) {
  if (i.options.getSubcommand() === 'list') {
    await i.reply({ content: 'hidden', flags: 64, allowedMentions: quiet })
    const channel = await client.channels.fetch(i.channelId)
    const m = await channel.send({ content: `<@${i.user.id}> look`, allowedMentions: { users: [i.user.id] }, nonce: 'n1', enforceNonce: true })
    await m.edit({ content: 'looked', allowedMentions: quiet })
    return say('listed', { message: m.id })
  }
  const r = await i.deferReply({ withResponse: true })
  await i.editReply({ content: 'starting ' + i.options.getString('name'), allowedMentions: quiet })
  const row = { type: 1, components: [{ type: 2, style: 4, label: 'Tear down', custom_id: 'down' }, { type: 2, style: 2, label: 'Leave it', custom_id: 'leave' }] }
  const f = await i.followUp({ content: 'running', embeds: [{ title: 'vanilla', fields: [{ name: 'price', value: '$1' }] }], components: [row], allowedMentions: quiet })
  say('command', { message: r.interaction.responseMessageId, loading: r.interaction.responseMessageLoading, followup: f.id, roles: [...i.member.roles.cache.keys()] })
}

client.on(Events.InteractionCreate, async (i) => {
  try {
    if (i.isChatInputCommand()) await command(i)
    if (i.isButton()) {
      await i.update({ content: 'going down', embeds: [], components: [], allowedMentions: quiet })
      say('button', { id: i.customId, message: i.message.id, by: i.user.username })
    }
    if (i.isAutocomplete()) {
      await i.respond([{ name: 'vanilla (off)', value: 'vanilla' }])
      say('autocomplete', { typed: i.options.getFocused() })
    }
  } catch (e) {
    say('broken', { code: e.code, error: String(e), raw: e.rawError })
  }
})
client.on(Events.ShardResume, (id, n) => say('resumed', { replayed: n }))
client.on(Events.ShardDisconnect, (e) => say('disconnected', { code: e.code }))
client.on(Events.Error, (e) => say('broken', { error: String(e) }))
process.on('unhandledRejection', (e) => say('broken', { error: String(e && e.stack) }))
process.stdin.resume().on('end', async () => { await client.destroy(); say('bye', {}); process.exit(0) })
client.login(process.env.DISCORD_PEER_TOKEN).catch((e) => say('broken', { error: String(e), code: e.code }))
