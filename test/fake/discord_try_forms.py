"""What must be refused in a message and in a command, and what becomes of the good ones."""
from discord_client import *  # noqa: F403


# ---- messages ----

LONG = 'ü' * 2000


BAD_MESSAGES = [
    ('2001 characters', {'content': LONG + 'x'}, ['content']),
    ('a number as content', {'content': 3}, ['content']),
    ('11 embeds', {'embeds': [{'title': 'x'}] * 11}, ['embeds']),
    ('a title of 257', {'embeds': [{'title': 'x' * 257}]}, ['embeds', '0', 'title']),
    ('a description of 4097', {'embeds': [{'description': 'x' * 4097}]}, ['embeds', '0', 'description']),
    ('26 fields', {'embeds': [{'fields': [{'name': 'x', 'value': 'y'}] * 26}]}, ['embeds', '0', 'fields']),
    ('a field without a value', {'embeds': [{'fields': [{'name': 'x', 'value': ''}]}]},
     ['embeds', '0', 'fields', '0', 'value']),
    ('a value of 1025', {'embeds': [{'fields': [{'name': 'x', 'value': 'y' * 1025}]}]},
     ['embeds', '0', 'fields', '0', 'value']),
    ('a footer of 2049', {'embeds': [{'title': 'x', 'footer': {'text': 'x' * 2049}}]}, ['embeds', '0', 'footer', 'text']),
    ('a colour too bright', {'embeds': [{'title': 'x', 'color': 16777216}]}, ['embeds', '0', 'color']),
    ('a time that is none', {'embeds': [{'title': 'x', 'timestamp': 'noon'}]}, ['embeds', '0', 'timestamp']),
    ('a url that is none', {'embeds': [{'title': 'x', 'url': 'javascript:1'}]}, ['embeds', '0', 'url']),
    ('an embed of nothing', {'embeds': [{}]}, ['embeds', '0', 'description']),
    ('6001 characters in two embeds', {'embeds': [{'description': 'x' * 3000}, {'description': 'x' * 3001}]}, ['embeds']),
    ('6 rows', {'components': button()['components'] * 6}, ['components']),
    ('6 buttons in a row', {'components': [{'type': 1, 'components': [
        {'type': 2, 'style': 1, 'label': 'x', 'custom_id': str(i)} for i in range(6)]}]}, ['components', '0', 'components']),
    ('a label of 81', button(label='x' * 81), ['components', '0', 'components', '0', 'label']),
    ('a custom_id of 101', button(custom_id='x' * 101), ['components', '0', 'components', '0', 'custom_id']),
    ('no custom_id', button(custom_id=None), ['components', '0', 'components', '0']),
    ('the same custom_id twice', {'components': [{'type': 1, 'components': button()['components'][0]['components'] * 2}]},
     ['components', '0', 'components', '1', 'custom_id']),
    ('a style that is none', button(style=9), ['components', '0', 'components', '0', 'style']),
    ('a link with a custom_id', button(style=5, url='https://x.org'), ['components', '0', 'components', '0']),
    ('a button outside a row', {'components': [{'type': 2, 'style': 1, 'label': 'x', 'custom_id': 'x'}]},
     ['components', '0', 'type']),
    ('components v2 and content', {'content': 'x', 'flags': 32768}, ['content']),
    ('EPHEMERAL in a channel', {'content': 'x', 'flags': 64}, ['flags']),
    ('parse of nonsense', {'content': 'x', 'allowed_mentions': {'parse': ['all']}}, ['allowed_mentions', 'parse', '0']),
    ('parse and users', {'content': 'x', 'allowed_mentions': {'parse': ['users'], 'users': [ANNA]}},
     ['allowed_mentions', 'parse']),
    ('101 users', {'content': 'x', 'allowed_mentions': {'users': [str(i) for i in range(101)]}}, ['allowed_mentions', 'users']),
    ('a user that is none', {'content': 'x', 'allowed_mentions': {'users': ['anna']}}, ['allowed_mentions', 'users', '0']),
    ('a nonce of 26', {'content': 'x', 'nonce': 'n' * 26}, ['nonce']),
    ('a reply to nothing', {'content': 'x', 'message_reference': {'message_id': '5'}}, ['message_reference']),
]


def messages():
    at = '/channels/%s/messages' % GAMES
    control('set', limits={'POST /channels/{channel_id}/messages': [1000, 1], 'PATCH /channels/{channel_id}/messages/'
                           '{message_id}': [1000, 1]}, global_per_s=1000)
    for text, body, path in BAD_MESSAGES:
        refused(text, ask('POST', at, body), 400, 50035, path)
    refused('an empty one', ask('POST', at, {'content': ' \n'}), 400, 50006)
    s, doc, _ = ask('POST', at, {'content': LONG, 'allowed_mentions': {'parse': []}})
    is_('2000 characters of two bytes', (s, len(doc['content'])), (200, 2000))
    good = {'content': 'go', 'embeds': [{'title': 'x', 'fields': [{'name': 'n', 'value': 'v'}], 'footer': {'text': 'f'},
            'timestamp': '2026-11-22T19:00:00Z', 'color': 3}], 'allowed_mentions': {'parse': []}, 'nonce': 'abc',
            'enforce_nonce': True, 'components': button()['components'],
            'message_reference': {'message_id': doc['id'], 'fail_if_not_exists': False}}
    s, m, _ = ask('POST', at, good)
    is_('a full one', (s, m.get('message_reference', {}).get('message_id'), m['author']['id']), (200, doc['id'], BOT))
    is_('the same nonce makes no second', ask('POST', at, good)[1]['id'], m['id'])
    good['enforce_nonce'] = False
    ok('unless it is not enforced', ask('POST', at, good)[1]['id'] != m['id'])
    good['message_reference'] = {'message_id': '5', 'fail_if_not_exists': False}
    is_('a reply to what is gone', ask('POST', at, good)[0], 200)
    for text, body, want in [
            ('everyone by default', {'content': 'hi @everyone <@%s>' % ANNA}, [ANNA, 'everyone']),
            ('nobody', {'content': 'hi @everyone <@%s>' % ANNA, 'allowed_mentions': {'parse': []}}, []),
            ('one', {'content': '<@%s> <@5> <@&6>' % ANNA, 'allowed_mentions': {'users': [ANNA]}}, [ANNA]),
            ('a role', {'content': '<@&6>', 'allowed_mentions': {'parse': ['roles']}}, ['&6'])]:
        mid = ask('POST', at, body)[1]['id']
        is_('pings ' + text, control('message', id=mid)['pings'], want)
    edit = at + '/' + m['id']
    s, e, _ = ask('PATCH', edit, {'content': 'new', 'embeds': [], 'allowed_mentions': {'parse': []}})
    is_('an edit keeps what it does not name', (s, e['embeds'], len(e['components']), e['content']), (200, [], 1, 'new'))
    ok('and has its time', e['edited_timestamp'])
    refused('an edit to nothing', ask('PATCH', edit, {'content': '', 'components': []}), 400, 50006)
    is_('its revisions', [r['content'] for r in control('message', id=m['id'])['revisions']], ['go', 'new'])
    other = control('say', user='anna', channel='games', content='hello')['id']
    refused('an edit of what others wrote', ask('PATCH', at + '/' + other, CONTENT), 403, 50005)
    refused('an unknown message', ask('PATCH', at + '/9', CONTENT), 404, 10008)
    is_('GET', ask('GET', edit)[1]['content'], 'new')
    is_('DELETE', ask('DELETE', edit)[0], 204)
    refused('it is gone', ask('GET', edit), 404, 10008)
    refused('an unknown channel', ask('POST', '/channels/9/messages', CONTENT), 404, 10003)
    refused('a channel that the bot cannot see', ask('POST', '/channels/1400000000000000003/messages', CONTENT), 403, 50001)
    refused('the same again', ask('POST', '/channels/1400000000000000003/messages', CONTENT), 403, 50001)
    violated('... is seen', 'repeated-403')
    refused('one where it may not write', ask('POST', '/channels/1400000000000000004/messages', CONTENT), 403, 50013)
    is_('a thread', ask('POST', '/channels/1400000000000000006/messages', CONTENT)[0], 200)
    refused('an archived thread', ask('POST', '/channels/1400000000000000007/messages', CONTENT), 400, 50083)
    refused('a category', ask('POST', '/channels/1400000000000000005/messages', CONTENT), 400, 50008)
    before = ask('GET', '/guilds/%s/roles' % GUILD)[1][0]['permissions']
    control('world', guilds=[{'id': GUILD, 'roles': [{'id': '1300000000000000009', 'permissions': '0'},
                                                      {'id': GUILD, 'permissions': str(1 << 10 | 1 << 11)}]}])
    refused('an embed without EMBED_LINKS', ask('POST', at, {'embeds': [{'title': 'x'}]}), 403, 50013)
    refused('a reply without READ_MESSAGE_HISTORY', ask('POST', at, {**CONTENT, 'message_reference': {'message_id': other}}),
            403, 160002)
    control('world', guilds=[{'id': GUILD, 'roles': [{'id': '1300000000000000009', 'permissions': '274877991936'},
                                                      {'id': GUILD, 'permissions': before}]}])
    control('set', old_edit_age_s=0, old_edits=2)
    m = ask('POST', at, CONTENT)[1]['id']
    codes = [ask('PATCH', at + '/' + m, CONTENT) for _ in range(3)]
    is_('old messages: a hidden quota', [c[0] for c in codes], [200, 200, 429])
    ok('... 30046 with its wait', codes[2][1]['code'] == 30046 and 'retry-after' in codes[2][2], codes[2])
    control('set', old_edit_age_s=3600, old_edits=30)
    violated('nothing else was wrong')


# ---- commands ----

def option(**o):
    return {'type': 3, 'name': 'o', 'description': 'd', **o}


def sub(name, *options):
    return {'type': 1, 'name': name, 'description': 'd', 'options': list(options)}


BAD_COMMANDS = [
    ('upper case', {'name': 'Server'}, ['0', 'name']),
    ('a blank', {'name': 'a b'}, ['0', 'name']),
    ('33 characters', {'name': 'a' * 33}, ['0', 'name']),
    ('no description', {'description': ''}, ['0', 'description']),
    ('a description of 101', {'description': 'x' * 101}, ['0', 'description']),
    ('26 options', {'options': [option(name='o%d' % i) for i in range(26)]}, ['0', 'options']),
    ('the same option twice', {'options': [option(), option()]}, ['0', 'options']),
    ('required last', {'options': [option(), option(name='p', required=True)]}, ['0', 'options', '1']),
    ('choices and autocomplete', {'options': [option(autocomplete=True, choices=[{'name': 'x', 'value': 'x'}])]},
     ['0', 'options', '0', 'autocomplete']),
    ('26 choices', {'options': [option(choices=[{'name': str(i), 'value': 'x'} for i in range(26)])]},
     ['0', 'options', '0', 'choices']),
    ('a choice of 101', {'options': [option(choices=[{'name': 'x', 'value': 'x' * 101}])]},
     ['0', 'options', '0', 'choices', '0', 'value']),
    ('a group in a group', {'options': [{'type': 2, 'name': 'g', 'description': 'd', 'options': [
        {'type': 2, 'name': 'h', 'description': 'd', 'options': [sub('s')]}]}]}, ['0', 'options', '0', 'options', '0', 'type']),
    ('a subcommand beside an option', {'options': [sub('s'), option()]}, ['0', 'options']),
    ('permissions of words', {'default_member_permissions': 'admin'}, ['0', 'default_member_permissions']),
    ('more than 8000 characters', {'options': [option(name='o%d' % i, description='x' * 100, choices=[
        {'name': 'n%d' % j + 'x' * 40, 'value': 'x' * 40} for j in range(10)]) for i in range(10)]}, ['0']),
]


def commands():
    at = '/applications/%s/guilds/%s/commands' % (APP, GUILD)
    control('set', limits={})
    control('set', limits={'PUT /applications/{application_id}/guilds/{guild_id}/commands': [100, 1]})
    base = {'name': 'server', 'description': 'd'}
    for text, wrong, path in BAD_COMMANDS:
        refused('a command: ' + text, ask('PUT', at, [{**base, **wrong}]), 400, 50035, path)
    refused('a command: an object, no array', ask('PUT', at, base), 400, 50035)
    refused('a command: twice', ask('PUT', at, [base, base]), 400, 50035, ['1'])
    refused('a command: another application', ask('PUT', '/applications/5/guilds/%s/commands' % GUILD, [base]), 403, 20012)
    refused('a command: another guild', ask('PUT', '/applications/%s/guilds/5/commands' % APP, [base]), 403, 50001)
    server = {**base, 'default_member_permissions': '0', 'options': [
        sub('up', option(name='name', required=True, autocomplete=True, max_length=10)),
        sub('extend', option(name='name', required=True), option(type=4, name='hours', min_value=1, max_value=9)),
        sub('list')]}
    s, first, _ = ask('PUT', at, [server])
    ok('a command is kept', s == 200 and first[0]['guild_id'] == GUILD and first[0]['default_member_permissions'] == '0' and
       first[0]['version'] and 'name_localizations' in first[0], first)
    is_('the same again changes nothing', ask('PUT', at, [server])[1], first)
    server['default_member_permissions'] = None
    s, second, _ = ask('PUT', at, [server])
    ok('another: the same id, a new version', second[0]['id'] == first[0]['id'] and
       second[0]['version'] != first[0]['version'])
    is_('GET', ask('GET', at)[1], second)
    control('set', command_creates=1)
    refused('too many a day', ask('PUT', at, [server, {**base, 'name': 'other'}]), 429, 30034)
    control('set', command_creates=200)
    s, g, _ = ask('POST', '/applications/%s/commands' % APP, {**base, 'name': 'global'})
    is_('a global one', (s, g['contexts'], g['integration_types'], g['dm_permission']), (201, None, [0], True))
    s, g, _ = ask('PATCH', '/applications/%s/commands/%s' % (APP, g['id']), {'description': 'e'})
    is_('PATCH', (s, g['description']), (200, 'e'))
    is_('DELETE', ask('DELETE', '/applications/%s/commands/%s' % (APP, g['id']))[0], 204)
    for text, a in [('an option is missing', {'sub': 'up'}),
                    ('an option is too long', {'sub': 'up', 'options': {'name': 'x' * 11}}),
                    ('a subcommand is unknown', {'sub': 'explode'}), ('it is bare', {}),
                    ('an option is unknown', {'sub': 'list', 'options': {'a': 'b'}}),
                    ('a number is a text', {'sub': 'extend', 'options': {'name': 'x', 'hours': 'many'}}),
                    ('a number is out of range', {'sub': 'extend', 'options': {'name': 'x', 'hours': 10}}),
                    ('there is no command', {'name': 'nope'}),
                    ('it is not his channel', {'sub': 'list', 'channel': 'lobby', 'user': 'bert'})]:
        is_('the client sends nothing when ' + text, control('command', **a).get('status'), 422)
    control('set', limits={})
