"""What Discord refuses in a message, an answer's choices, or who shall be pinged: 50035 with the
tree of errors along the request's keys.

All lengths are characters. Source: Discord API v10, "Message", "Components", "Receiving and
Responding", and its OpenAPI document where the prose is silent.
"""
import datetime
import re
import urllib.parse

SUPPRESS_EMBEDS, EPHEMERAL, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 4, 64, 4096, 32768


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status, code, message, errors=None, headers=None, about_body=False):
        super().__init__(message)
        self.about_body = about_body  # another body may be tried
        self.status, self.code, self.headers = status, code, headers or {}
        self.body = {'message': message, 'code': code}
        if errors:
            self.body['errors'] = errors


class Form:
    """Collects what is wrong with a body."""

    def __init__(self):
        self.errors = {}

    def bad(self, path, code, message):
        at = self.errors
        for key in path:
            at = at.setdefault(str(key), {})
        at.setdefault('_errors', []).append({'code': code, 'message': message})

    def done(self):
        if self.errors:
            raise Refusal(400, 50035, 'Invalid Form Body', self.errors)

    def text(self, path, value, low, high, required=False):
        """True when there is a usable text."""
        if value is None:
            if required:
                self.bad(path, 'BASE_TYPE_REQUIRED', 'This field is required')
            return False
        if not isinstance(value, str):
            self.bad(path, 'STRING_TYPE_CONVERT', 'Could not interpret "%s" as string.' % (value,))
            return False
        try:
            value.encode()
        except UnicodeEncodeError:  # half a surrogate pair
            self.bad(path, 'STRING_TYPE_INVALID', 'Not a valid text.')
            return False
        if required and not value.strip():
            self.bad(path, 'BASE_TYPE_REQUIRED', 'This field is required')
            return False
        if not low <= len(value) <= high:
            code = 'BASE_TYPE_MAX_LENGTH' if low == 0 else 'BASE_TYPE_BAD_LENGTH'
            what = 'or fewer in length' if low == 0 else 'in length'
            rng = high if low == 0 else 'between %d and %d' % (low, high)
            self.bad(path, code, 'Must be %s %s.' % (rng, what))
            return False
        return True

    def whole(self, path, value, low, high):
        if isinstance(value, bool) or not isinstance(value, int):
            self.bad(path, 'NUMBER_TYPE_COERCE', 'Value "%s" is not int.' % (value,))
            return False
        if not low <= value <= high:
            self.bad(path, 'NUMBER_TYPE_RANGE', 'int value should be between %d and %d.' % (low, high))
            return False
        return True

    def flag(self, path, value):
        if value is not None and not isinstance(value, bool):
            self.bad(path, 'BOOLEAN_TYPE_CONVERT', 'Must be either true or false.')

    def items(self, path, value, most):
        """The list, or [] when it is none."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.bad(path, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType')
            return []
        if len(value) > most:
            self.bad(path, 'BASE_TYPE_MAX_LENGTH', 'Must be %d or fewer in length.' % most)
        return value

    def objects(self, path, value, most):
        for i, x in enumerate(self.items(path, value, most)):
            if isinstance(x, dict):
                yield path + [i], x
            else:
                self.bad(path + [i], 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')

    def url(self, path, value, most):
        if self.text(path, value, 0, most):
            u = urllib.parse.urlsplit(value)
            if u.scheme not in ('http', 'https', 'discord') or not u.netloc:
                self.bad(path, 'URL_TYPE_INVALID_SCHEME',
                         'Scheme "%s" is not supported. Scheme must be one of (\'http\', \'https\').' % u.scheme)

    def snowflake(self, path, value):
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not re.fullmatch(r'0|[1-9][0-9]{0,19}', value) or int(value) >= 1 << 64:
            self.bad(path, 'NUMBER_TYPE_COERCE', 'Value "%s" is not snowflake.' % (value,))
            return None
        return value


# ---- parts of a message ----

def check_embeds(f, path, embeds):
    total = 0
    for at, e in f.objects(path, embeds, 10):
        used = [(['title'], e.get('title'), 256, False), (['description'], e.get('description'), 4096, False)]
        for name, key, high in (('footer', 'text', 2048), ('author', 'name', 256)):
            part = e.get(name)
            if part is not None and not isinstance(part, dict):
                f.bad(at + [name], 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
            elif part:
                used.append(([name, key], part.get(key), high, name == 'author'))
        for fp, field in f.objects(at + ['fields'], e.get('fields'), 25):
            used.append((fp[len(at):] + ['name'], field.get('name'), 256, True))
            used.append((fp[len(at):] + ['value'], field.get('value'), 1024, True))
            f.flag(fp + ['inline'], field.get('inline'))
        for where, value, high, required in used:
            if f.text(at + where, value, 0, high, required):
                total += len(value)
        if e.get('color') is not None:
            f.whole(at + ['color'], e['color'], 0, 16777215)
        f.url(at + ['url'], e.get('url'), 2048)
        if e.get('timestamp') is not None:
            try:
                datetime.datetime.fromisoformat(str(e['timestamp']).replace('Z', '+00:00'))
            except ValueError:
                f.bad(at + ['timestamp'], 'DATE_TIME_TYPE_PARSE',
                      'Could not parse %s. Should be ISO8601.' % e['timestamp'])
        if not any(e.get(k) for k in ('title', 'description', 'fields', 'footer', 'author', 'image', 'thumbnail')):
            f.bad(at + ['description'], 'BASE_TYPE_REQUIRED', 'This field is required')
    if total > 6000:
        f.bad(path, 'MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000')


def check_button(f, at, b, seen):
    style = b.get('style')
    if not f.whole(at + ['style'], style, 1, 5):
        return
    f.text(at + ['label'], b.get('label'), 0, 80)
    f.flag(at + ['disabled'], b.get('disabled'))
    if not b.get('label') and not b.get('emoji'):
        f.bad(at, 'BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED', 'A button must have a label or an emoji')
    if style == 5:
        if b.get('custom_id'):
            f.bad(at, 'BUTTON_COMPONENT_CUSTOM_ID_AND_URL_MUTUALLY_EXCLUSIVE',
                  'A custom id and url cannot both be specified')
        if b.get('url') is None:
            f.bad(at, 'BUTTON_COMPONENT_URL_REQUIRED', 'A url is required')
        f.url(at + ['url'], b.get('url'), 512)
        return
    if b.get('url'):
        f.bad(at, 'BUTTON_COMPONENT_CUSTOM_ID_AND_URL_MUTUALLY_EXCLUSIVE',
              'A custom id and url cannot both be specified')
    check_custom_id(f, at, b, seen)


def check_custom_id(f, at, c, seen):
    custom = c.get('custom_id')
    if not custom:
        f.bad(at, 'BUTTON_COMPONENT_CUSTOM_ID_REQUIRED', 'A custom id is required')
    elif f.text(at + ['custom_id'], custom, 1, 100):
        if custom in seen:
            f.bad(at + ['custom_id'], 'COMPONENT_CUSTOM_ID_DUPLICATED',
                  'Component custom id cannot be duplicated')
        seen.add(custom)


def check_components(f, path, rows):
    seen = set()
    for at, row in f.objects(path, rows, 5):
        if row.get('type') != 1:
            f.bad(at + ['type'], 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (1,).')
            continue
        inner = list(f.objects(at + ['components'], row.get('components'), 5))
        if not inner:
            f.bad(at + ['components'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.')
        for where, c in inner:
            if c.get('type') == 2:
                check_button(f, where, c, seen)
            elif c.get('type') in (3, 5, 6, 7, 8):
                check_custom_id(f, where, c, seen)
                if len(inner) > 1:
                    f.bad(at, 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'The specified component exceeds the maximum width')
            else:
                f.bad(where + ['type'], 'UNION_TYPE_CHOICES',
                      'Value of field "type" must be one of (2, 3, 5, 6, 7, 8).')


def check_mentions(f, path, am):
    if am is None:
        return
    if not isinstance(am, dict):
        f.bad(path, 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
        return
    parse = f.items(path + ['parse'], am.get('parse'), 3)
    for i, p in enumerate(parse):
        if p not in ('users', 'roles', 'everyone'):
            f.bad(path + ['parse', i], 'BASE_TYPE_CHOICES',
                  "Value must be one of {'everyone', 'users', 'roles'}.")
    if len(set(map(str, parse))) != len(parse):
        f.bad(path + ['parse'], 'SET_TYPE_ALREADY_CONTAINS_VALUE', 'The set already contains this value')
    for kind in ('users', 'roles'):
        ids = f.items(path + [kind], am.get(kind), 100)
        for i, x in enumerate(ids):
            f.snowflake(path + [kind, i], x)
        if len(set(map(str, ids))) != len(ids):
            f.bad(path + [kind], 'SET_TYPE_ALREADY_CONTAINS_VALUE', 'The set already contains this value')
        if ids and kind in parse:
            f.bad(path + ['parse'], 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
                  'parse:["%s"] and %s: [ids...] are mutually exclusive.' % (kind, kind))
    f.flag(path + ['replied_user'], am.get('replied_user'))


# ---- whole bodies ----

def check_message(body, path=(), flags_ok=SUPPRESS_EMBEDS, edit=False, form=None):
    """Refuse a message's body that Discord would. Empty ones are the caller's."""
    f, path = form or Form(), list(path)
    if not isinstance(body, dict):
        f.bad(path, 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
        f.done()
    f.text(path + ['content'], body.get('content'), 0, 2000)
    check_embeds(f, path + ['embeds'], body.get('embeds'))
    check_mentions(f, path + ['allowed_mentions'], body.get('allowed_mentions'))
    f.flag(path + ['tts'], body.get('tts'))
    flags = body.get('flags')
    v2 = False
    if flags is not None and f.whole(path + ['flags'], flags, 0, (1 << 53) - 1):
        v2 = bool(flags & COMPONENTS_V2)
        # an edit may name the flags that are there; what cannot be changed stays as it is
        if not edit and flags & ~(flags_ok | COMPONENTS_V2):
            f.bad(path + ['flags'], 'MESSAGE_FLAGS_INVALID', 'These flags cannot be set here.')
    if v2:
        for key in ('content', 'embeds'):
            if body.get(key):
                f.bad(path + [key], 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
                      'The %s field cannot be used when using MessageFlags.IS_COMPONENTS_V2' % key)
    else:
        check_components(f, path + ['components'], body.get('components'))
    if not edit:
        check_nonce(f, path, body)
    if form is None:
        f.done()


def check_nonce(f, path, body):
    nonce = body.get('nonce')
    if isinstance(nonce, bool) or not isinstance(nonce, (int, str, type(None))):
        f.bad(path + ['nonce'], 'NONCE_TYPE_COERCE', 'Invalid nonce.')
    elif nonce is not None and len(str(nonce)) > 25:
        f.bad(path + ['nonce'], 'NONCE_TYPE_TOO_LONG', 'Nonce is too long.')
    f.flag(path + ['enforce_nonce'], body.get('enforce_nonce'))


def is_empty(body):
    content = body.get('content')
    return not ((isinstance(content, str) and content.strip()) or body.get('embeds') or
                body.get('components') or body.get('attachments') or body.get('sticker_ids'))


def check_reference(f, ref):
    """The id of the message that is replied to, or None."""
    if ref is None:
        return None
    if not isinstance(ref, dict):
        f.bad(['message_reference'], 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
        return None
    f.flag(['message_reference', 'fail_if_not_exists'], ref.get('fail_if_not_exists'))
    if ref.get('type') not in (None, 0):
        f.bad(['message_reference', 'type'], 'BASE_TYPE_CHOICES', 'Only replies are known here.')
    for key in ('channel_id', 'guild_id'):
        if ref.get(key) is not None:
            f.snowflake(['message_reference', key], ref[key])
    if ref.get('message_id') is None:
        f.bad(['message_reference', 'message_id'], 'BASE_TYPE_REQUIRED', 'This field is required')
        return None
    return f.snowflake(['message_reference', 'message_id'], ref['message_id'])


def check_choices(f, path, choices, option_type, empty_ok=True):
    """Of an option, or of an answer to autocomplete."""
    names = set()
    for at, c in f.objects(path, choices, 25):
        if f.text(at + ['name'], c.get('name'), 1, 100, True):
            if c['name'] in names and not empty_ok:
                f.bad(at + ['name'], 'APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_INVALID', 'The name is used twice.')
            names.add(c['name'])
        value = c.get('value')
        if option_type == 3:
            f.text(at + ['value'], value, 1 if not empty_ok else 0, 100, True)
        elif option_type == 4:
            f.whole(at + ['value'], value, -(1 << 53), 1 << 53)
        elif option_type == 10 and (isinstance(value, bool) or not isinstance(value, (int, float))):
            f.bad(at + ['value'], 'NUMBER_TYPE_COERCE', 'Value "%s" is not float.' % (value,))
