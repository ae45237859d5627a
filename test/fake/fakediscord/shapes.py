"""Users, members, roles, channels, guilds and applications as Discord's answers show them.

Source: Discord API v10, "User", "Guild", "Channel", "Application" and its OpenAPI document.
"""
from .world import THREADS, iso, made_ms


def user(u):
    return {'id': u['id'], 'username': u['username'], 'avatar': None, 'discriminator': '0',
            'public_flags': 0, 'flags': 0, 'global_name': u.get('global_name'), 'banner': None,
            'accent_color': None, 'avatar_decoration_data': None, 'collectibles': None,
            'primary_guild': None, **({'bot': True} if u.get('bot') else {})}


def me(w):
    return {**user(w.users[w.bot['id']]), 'mfa_enabled': True, 'locale': 'en-US', 'premium_type': 0,
            'email': None, 'verified': True, 'bio': ''}


def member(w, guild, user_id, full=True):
    m = {'avatar': None, 'banner': None, 'communication_disabled_until': None, 'flags': 0,
         'joined_at': iso(made_ms(guild['id'])), 'nick': None, 'pending': False,
         'premium_since': None, 'roles': list(guild['members'][user_id]), 'mute': False,
         'deaf': False}
    if full:
        m['user'] = user(w.users[user_id])
    return m


def role(r, position):
    return {'id': r['id'], 'name': r['name'], 'description': None,
            'permissions': str(r.get('permissions', '0')), 'position': r.get('position', position),
            'color': 0, 'colors': {'primary_color': 0, 'secondary_color': None,
                                   'tertiary_color': None},
            'hoist': False, 'managed': r.get('managed', False),
            'mentionable': r.get('mentionable', False), 'icon': None, 'unicode_emoji': None,
            'flags': 0}


def roles(guild):
    return [role(r, i) for i, r in enumerate(guild['roles'])]


def channel(c, rights=None):
    out = {'id': c['id'], 'type': c['type'], 'flags': 0, 'guild_id': c['guild_id'],
           'name': c['name'], 'last_message_id': c.get('last_message_id')}
    if c['type'] in THREADS:
        out.update(parent_id=c['parent_id'], owner_id=c.get('owner_id', '1500000000000000001'),
                   message_count=0, member_count=1, total_message_sent=0, rate_limit_per_user=0,
                   thread_metadata={
                       'archived': c.get('archived', False), 'locked': c.get('locked', False),
                       'archive_timestamp': iso(made_ms(c['id'])), 'auto_archive_duration': 1440,
                       'create_timestamp': iso(made_ms(c['id']))})
    else:
        out.update(parent_id=c.get('parent_id'), position=c['position'], nsfw=False, topic=None,
                   rate_limit_per_user=0, permission_overwrites=c.get('permission_overwrites', []))
        if c['type'] == 2:
            out.update(bitrate=64000, user_limit=0, rtc_region=None)
    if rights is not None:
        out['permissions'] = str(rights)
    return out


def guild(w, g):
    return {'id': g['id'], 'name': g['name'], 'icon': None, 'description': None,
            'home_header': None, 'splash': None, 'discovery_splash': None, 'features': [],
            'banner': None, 'owner_id': g['owner_id'], 'application_id': None, 'region': 'deprecated',
            'afk_channel_id': None, 'afk_timeout': 300, 'system_channel_id': None,
            'system_channel_flags': 0, 'widget_enabled': False, 'widget_channel_id': None,
            'verification_level': 0, 'roles': roles(g), 'default_message_notifications': 1,
            'mfa_level': 0, 'explicit_content_filter': 0, 'max_presences': None,
            'max_members': 500000, 'max_stage_video_channel_users': 50,
            'max_video_channel_users': 25, 'vanity_url_code': None, 'premium_tier': 0,
            'premium_subscription_count': 0, 'preferred_locale': 'en-US',
            'rules_channel_id': None, 'safety_alerts_channel_id': None,
            'public_updates_channel_id': None, 'premium_progress_bar_enabled': False,
            'premium_progress_bar_enabled_user_updated_at': None, 'nsfw': False, 'nsfw_level': 0,
            'emojis': [], 'stickers': [], 'incidents_data': None}


def guild_create(w, g):
    """The event that follows READY for who asked for GUILDS."""
    bot = w.bot['id']
    chans = [c for c in w.channels.values() if c['guild_id'] == g['id'] and w.rights(c, bot)]
    return {**guild(w, g), 'joined_at': iso(made_ms(g['id'])), 'large': False, 'unavailable': False,
            'member_count': len(g['members']), 'voice_states': [],
            'members': [member(w, g, bot)],
            'channels': [channel(c) for c in chans if c['type'] not in THREADS],
            'threads': [channel(c) for c in chans if c['type'] in THREADS and not c.get('archived')],
            'presences': [], 'stage_instances': [], 'guild_scheduled_events': [],
            'soundboard_sounds': []}


def application(w, private):
    a = w.application
    out = {'id': a['id'], 'name': a['name'], 'icon': None, 'description': '', 'type': None,
           'verify_key': '00' * 32, 'flags': a['flags'], 'flags_new': str(a['flags']),
           'bot_public': a['bot_public'], 'bot_require_code_grant': a['bot_require_code_grant'],
           'bot': user(w.users[w.bot['id']]), 'summary': '', 'hook': True,
           'install_params': {'scopes': ['applications.commands', 'bot'], 'permissions': '0'},
           'integration_types_config': {'0': {}}}
    if private:
        out.update({'redirect_uris': [], 'interactions_endpoint_url': a['interactions_endpoint_url'],
                    'role_connections_verification_url': None,
                    'owner': user(next(iter(w.users.values()))),
                    'approximate_guild_count': len(w.guilds),
                    'approximate_user_install_count': 0,
                    'approximate_user_authorization_count': 0,
                    'explicit_content_filter': 0, 'team': None, 'eligible_oauth2_scopes': []})
    return out


def webhook(h, private=True):
    out = {'id': h['id'], 'type': h['type'], 'name': h['name'], 'avatar': None,
           'application_id': None, 'channel_id': h['channel_id'], 'guild_id': h['guild_id']}
    if private:
        out['token'] = h['token']
    return out
