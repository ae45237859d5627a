"""Slash commands: what Discord takes, how it keeps them, and what its client can send of them.

Source: Discord API v10, "Application Commands".
"""
import re
import unicodedata

from .forms import Form, Refusal, check_choices
from .world import ADMINISTRATOR, USE_APPLICATION_COMMANDS, VIEW_CHANNEL

SUB, GROUP = 1, 2
SIMPLE = range(3, 12)


def name_ok(name):
    """^[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]{1,32}$, and lower case where there is one."""
    def fits(c):
        return c in "-_'" or unicodedata.category(c)[0] in 'LN' or \
            unicodedata.name(c, '').startswith(('DEVANAGARI', 'THAI'))
    return 1 <= len(name) <= 32 and all(fits(c) for c in name) and name == name.lower()


class Checker(Form):
    def __init__(self):
        super().__init__()
        self.size = 0

    def name(self, path, value):
        if self.text(path, value, 1, 32, True):
            self.size += len(value)
            if not name_ok(value):
                self.bad(path, 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid')

    def described(self, path, o):
        self.name(path + ['name'], o.get('name'))
        if self.text(path + ['description'], o.get('description'), 1, 100, True):
            self.size += len(o['description'])
        for key in ('name_localizations', 'description_localizations'):
            if o.get(key) is not None and not isinstance(o[key], dict):
                self.bad(path + [key], 'DICT_TYPE_CONVERT', 'Only dictionaries may be used in a DictType')

    def options(self, path, options, depth):
        """depth 0: of the command, 1: of a group, 2: of a subcommand."""
        seen, kinds, optional = set(), set(), False
        for at, o in self.objects(path, options, 25):
            self.described(at, o)
            if o.get('name') in seen:
                self.bad(path, 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', 'Option name already exists')
            seen.add(o.get('name'))
            kind = o.get('type')
            if not self.whole(at + ['type'], kind, 1, 11):
                continue
            allowed = {0: range(1, 12), 1: (SUB,), 2: SIMPLE}[depth]
            if kind not in allowed:
                self.bad(at + ['type'], 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
                         'Sub-command and sub-command group option types are mutually exclusive to all '
                         'other types, and this one cannot be here')
            kinds.add(kind in SIMPLE)
            if kind == SUB:
                self.options(at + ['options'], o.get('options'), 2)
            elif kind == GROUP:
                if not o.get('options'):
                    self.bad(at + ['options'], 'BASE_TYPE_REQUIRED', 'This field is required')
                self.options(at + ['options'], o.get('options'), 1)
            else:
                if o.get('required') and optional:
                    self.bad(at, 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
                             'Required options must be placed before non-required options')
                optional = optional or not o.get('required')
                self.simple(at, o, kind)
        if len(kinds) > 1:
            self.bad(path, 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
                     'Sub-command and sub-command group option types are mutually exclusive to all other types')

    def simple(self, at, o, kind):
        self.flag(at + ['required'], o.get('required'))
        self.flag(at + ['autocomplete'], o.get('autocomplete'))
        if o.get('options'):
            self.bad(at + ['options'], 'APPLICATION_COMMAND_OPTIONS_INVALID', 'This option has no options')
        if o.get('choices'):
            if kind not in (3, 4, 10):
                self.bad(at + ['choices'], 'APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID', 'Not for this type')
            if o.get('autocomplete'):
                self.bad(at + ['autocomplete'], 'APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES',
                         'Autocomplete and choices are mutually exclusive')
            check_choices(self, at + ['choices'], o['choices'], kind, empty_ok=False)
            for c in o['choices'] if isinstance(o['choices'], list) else []:
                if isinstance(c, dict):
                    self.size += len(str(c.get('name'))) + len(str(c.get('value')))
        if o.get('autocomplete') and kind not in (3, 4, 10):
            self.bad(at + ['autocomplete'], 'APPLICATION_COMMAND_AUTOCOMPLETE_INVALID', 'Not for this type')
        for key, types, low, high in (('min_length', (3,), 0, 6000), ('max_length', (3,), 1, 6000)):
            if o.get(key) is not None:
                if kind not in types:
                    self.bad(at + [key], 'APPLICATION_COMMAND_OPTIONS_INVALID', 'Not for this type')
                self.whole(at + [key], o[key], low, high)
        for key in ('min_value', 'max_value'):
            v = o.get(key)
            if v is not None and (kind not in (4, 10) or isinstance(v, bool) or not isinstance(v, (int, float))):
                self.bad(at + [key], 'NUMBER_TYPE_COERCE', 'Value "%s" is not a number for this type.' % (v,))

    def command(self, path, c):
        kind = c.get('type') if c.get('type') is not None else 1
        if kind in (2, 3):
            self.text(path + ['name'], c.get('name'), 1, 32, True)
            return
        if not self.whole(path + ['type'], kind, 1, 3):
            return
        self.size = 0
        self.described(path, c)
        self.options(path + ['options'], c.get('options'), 0)
        if self.size > 8000:
            self.bad(path, 'APPLICATION_COMMAND_TOO_LARGE',
                     'Command exceeds maximum size (8000)')
        p = c.get('default_member_permissions')
        if p is not None and (isinstance(p, bool) or not re.fullmatch(r'\d{1,19}', str(p))):
            self.bad(path + ['default_member_permissions'], 'INVALID_BITWISE_PERMISSION_FLAG',
                     'Value "%s" is not a set of permissions.' % (p,))
        for key, most in (('contexts', 2), ('integration_types', 1)):
            for i, x in enumerate(self.items(path + [key], c.get(key), 3)):
                self.whole(path + [key, i], x, 0, most)
        for key in ('nsfw', 'dm_permission'):
            self.flag(path + [key], c.get(key))


# ---- what is kept ----

def kept_option(o, full):
    out = {'type': o['type'], 'name': o['name'], 'description': o['description']}
    if full:
        out.update(name_localizations=o.get('name_localizations'),
                   description_localizations=o.get('description_localizations'))
    for key in ('required', 'autocomplete'):
        if o.get(key) or (full and o['type'] in SIMPLE and key in o):
            out[key] = bool(o.get(key))
    for key in ('choices', 'channel_types', 'min_value', 'max_value', 'min_length', 'max_length'):
        if o.get(key) is not None:
            out[key] = o[key]
    if 'choices' in out:
        out['choices'] = [{**({'name_localizations': None} if full else {}), **c} for c in out['choices']]
    if o.get('options') or (full and o['type'] in (SUB, GROUP)):
        out['options'] = [kept_option(x, full) for x in o.get('options') or []]
    return out


def kept(w, c, guild_id, old):
    full = w.knobs['command_form'] == 'full'
    p = c.get('default_member_permissions')
    out = {'application_id': w.application['id'], 'type': c.get('type') or 1, 'name': c['name'],
           'description': c.get('description') or '', 'nsfw': bool(c.get('nsfw')),
           'default_member_permissions': None if p is None else str(int(p))}
    if guild_id:
        out['guild_id'] = guild_id
    else:
        out.update(dm_permission=c.get('dm_permission') is not False, contexts=c.get('contexts'),
                   integration_types=c.get('integration_types') or [0])
    if full:
        out.update(name_localizations=c.get('name_localizations'),
                   description_localizations=c.get('description_localizations'))
    if c.get('options') or full:
        out['options'] = [kept_option(o, full) for o in c.get('options') or []]
    if old and {k: v for k, v in old.items() if k not in ('id', 'version')} == out:
        return old
    return {'id': old['id'] if old else w.snowflake(), 'version': w.snowflake(), **out}


class Store:
    """The commands of a guild, or the global ones (None)."""

    def __init__(self, w):
        self.w = w
        self.sets = w.commands
        self.created = {}  # scope: how many today
        self.writes = []   # (scope, names) of each write, for who counts them

    def of(self, scope):
        return self.sets.setdefault(scope, {})

    def by_name(self, scope, name, kind=1):
        for c in self.of(scope).values():
            if c['name'] == name and c['type'] == kind:
                return c
        return None

    def check(self, several, single):
        f = Checker()
        if not single and not isinstance(several, list):
            raise Refusal(400, 50035, 'Invalid Form Body', {'_errors': [{
                'code': 'LIST_TYPE_CONVERT', 'message': 'Only iterables may be used in a ListType'}]})
        names, paths = set(), []
        for i, c in enumerate(several):
            path = [] if single else [i]
            if not isinstance(c, dict):
                f.bad(path, 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
                continue
            f.command(path, c)
            if (c.get('name'), c.get('type') or 1) in names:
                paths.append(path)
            names.add((c.get('name'), c.get('type') or 1))
        for path in paths:
            f.bad(path, 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique')
        if len(several) > 100:
            raise Refusal(400, 30032, 'Maximum number of application commands reached (100).')
        f.done()

    def charge(self, scope, new):
        n = self.created.get(scope, 0) + new
        if n > self.w.knobs['command_creates']:
            raise Refusal(429, 30034, 'Max number of daily application command creates has been reached (200)')
        self.created[scope] = n

    def replace(self, scope, several):
        self.check(several, False)
        olds = [self.by_name(scope, c['name'], c.get('type') or 1) for c in several]
        self.charge(scope, sum(1 for o in olds if not o))
        now = [kept(self.w, c, scope, o) for c, o in zip(several, olds)]
        self.sets[scope] = {c['id']: c for c in now}
        self.wrote(scope, several)
        return now

    def create(self, scope, c):
        self.check([c], True)
        old = self.by_name(scope, c['name'], c.get('type') or 1)
        self.charge(scope, 0 if old else 1)
        now = kept(self.w, c, scope, old)
        self.of(scope)[now['id']] = now
        self.wrote(scope, [c])
        return now, bool(old)

    def edit(self, scope, cid, change):
        old = self.get(scope, cid)
        if not isinstance(change, dict):
            raise Refusal(400, 50035, 'Invalid Form Body')
        merged = {**old, **change}
        self.check([merged], True)
        now = kept(self.w, merged, scope, old)
        self.of(scope)[cid] = now
        self.wrote(scope, [merged])
        return now

    def get(self, scope, cid):
        if cid not in self.of(scope):
            raise Refusal(404, 10063, 'Unknown application command')
        return self.of(scope)[cid]

    def delete(self, scope, cid):
        self.get(scope, cid)
        del self.of(scope)[cid]
        self.wrote(scope, [])

    def wrote(self, scope, several):
        self.writes.append({'scope': scope, 'names': [c.get('name') for c in several]})
        self.w.touch()


# ---- what the client can send ----

class Cannot(Exception):
    """Discord's client would not let anybody send this."""


def one_value(o, value, partial):
    kind = o['type']
    if partial:
        return value
    if kind == 3:
        if not isinstance(value, str):
            raise Cannot('option %s wants a text' % o['name'])
        if not o.get('min_length', 0) <= len(value) <= o.get('max_length', 6000) or not value:
            raise Cannot('option %s: %d characters are too few or too many' % (o['name'], len(value)))
    elif kind in (4, 10):
        if isinstance(value, bool) or not isinstance(value, (int, float) if kind == 10 else int):
            raise Cannot('option %s wants a number' % o['name'])
        if not o.get('min_value', -(1 << 53)) <= value <= o.get('max_value', 1 << 53):
            raise Cannot('option %s: %s is out of range' % (o['name'], value))
    elif kind == 5 and not isinstance(value, bool):
        raise Cannot('option %s wants true or false' % o['name'])
    if o.get('choices') and value not in [c['value'] for c in o['choices']]:
        raise Cannot('option %s: %s is not one of its choices' % (o['name'], value))
    return value


def fill(options, given, focused, partial, raw):
    out, left = [], dict(given)
    for o in options:
        if o['name'] not in left:
            if o.get('required') and not partial:
                raise Cannot('option %s is required' % o['name'])
            continue
        if focused == o['name'] and not o.get('autocomplete') and not raw:
            raise Cannot('option %s has no autocomplete' % o['name'])
        v = one_value(o, left.pop(o['name']), partial)
        out.append({'name': o['name'], 'type': o['type'], 'value': v,
                    **({'focused': True} if focused == o['name'] else {})})
    if left:
        raise Cannot('no option %s' % ', '.join(left))
    return out


def client_data(command, sub, given, focused=None):
    """data of an INTERACTION_CREATE for this command; sub is a list of names, [] for none."""
    level, nested = command.get('options') or [], []
    for name in sub:
        found = [o for o in level if o['name'] == name and o['type'] in (SUB, GROUP)]
        if not found:
            raise Cannot('no subcommand %s' % name)
        nested.append(found[0])
        level = found[0].get('options') or []
    if any(o['type'] in (SUB, GROUP) for o in level):
        raise Cannot('a command with subcommands cannot be called bare')
    options = fill(level, given, focused, focused is not None, False)
    for o in reversed(nested):
        options = [{'name': o['name'], 'type': o['type'], 'options': options}]
    return {'id': command['id'], 'name': command['name'], 'type': command['type'],
            **({'guild_id': command['guild_id']} if command.get('guild_id') else {}),
            **({'options': options} if options else {})}


def may_use(rights, command):
    """Whether the client shows the command to somebody with these rights in a channel."""
    if rights & ADMINISTRATOR:
        return True
    if not rights & VIEW_CHANNEL or not rights & USE_APPLICATION_COMMANDS:
        return False
    need = command.get('default_member_permissions')
    if need is None:
        return True
    return need != '0' and rights & int(need) == int(need)
