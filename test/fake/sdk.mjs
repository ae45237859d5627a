// node sdk.mjs DIR KEY: a few things with Linode's own JavaScript library, found in DIR, against
// $GSP_LINODE_URL. Prints TAP. KEY is a public key for the machine.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { resolve } from 'node:path';

const [dir, key] = process.argv.slice(2);
const linode = createRequire(resolve(dir, 'here.js'))('@linode/api-v4');
const root = process.env.GSP_LINODE_URL.replace(/\/v4$/, '');

// The library knows one address only. What it sends stays as it is.
linode.baseRequest.interceptors.request.use((config) => {
	config.url = config.url.replace(/^https:\/\/api\.linode\.com/, root);
	return config;
});
linode.setToken(process.env.LINODE_TOKEN);

let count = 0;
let failed = 0;

async function test(text, body) {
	count++;
	try {
		await body();
		console.log(`ok ${count} - ${text}`);
	} catch (e) {
		failed++;
		console.log(`not ok ${count} - ${text}`);
		console.log(`# ${e instanceof Error ? e.message : ''} ${JSON.stringify(e.response?.data ?? e)}`);
	}
}

function is(what, got, want) {
	if (JSON.stringify(got) !== JSON.stringify(want)) {
		throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
	}
}

// Refused with the API's list of errors, by the library itself or by the sandbox.
async function refused(promise, field, pattern) {
	let errors;
	try {
		await promise;
	} catch (e) {
		errors = e.response?.data.errors ?? e;
	}
	if (!Array.isArray(errors)) {
		throw new Error(`not refused with a list of errors: ${errors}`);
	}
	if (!errors.some((e) => (e.field ?? '') === field && pattern.test(e.reason))) {
		throw new Error(`refused otherwise: ${JSON.stringify(errors)}`);
	}
}

async function until(what, seconds, probe) {
	for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
		if (await probe()) {
			return;
		}
		await new Promise((wake) => setTimeout(wake, 100));
	}
	throw new Error(`not ${what} after ${seconds} s`);
}

// The first bytes that a server at this address says.
function greeting(host, port) {
	return new Promise((done) => {
		const socket = connect({ host, port, timeout: 2000 });
		const end = (text) => {
			socket.destroy();
			done(text);
		};
		socket.on('data', (data) => end(data.toString()));
		socket.on('error', () => end(''));
		socket.on('timeout', () => end(''));
	});
}

const everybody = { ipv4: ['0.0.0.0/0'], ipv6: ['::/0'] };
const rules = {
	inbound_policy: 'DROP',
	outbound_policy: 'ACCEPT',
	outbound: [],
	inbound: [
		{ label: 'ssh', action: 'ACCEPT', protocol: 'TCP', ports: '22', addresses: everybody },
	],
};
const wish = {
	label: 'gsp-sdk',
	region: 'us-ord',
	type: 'g6-nanode-1',
	image: 'linode/debian12',
	tags: ['sdk', 'sdk-two'],
	authorized_keys: [key],
	// the library wants one before it asks anybody
	root_pass: randomBytes(30).toString('base64'),
};
let firewall;
let machine;

await test('who the token belongs to', async () => {
	is('username', (await linode.getProfile()).username, 'sandbox');
});
await test('account settings', async () => {
	is('backups', (await linode.getAccountSettings()).backups_enabled, false);
});
await test('regions, a page at a time', async () => {
	const first = await linode.getRegions({ page: 1, page_size: 25 });
	is('page', [first.page, first.data.length <= 25], [1, true]);
	const all = (await linode.getRegions({ page_size: 500 })).data;
	is('how many', all.length, first.results);
	is('us-ord', all.find((r) => r.id === 'us-ord').capabilities.includes('Metadata'), true);
});
await test('a region\'s plans', async () => {
	is('a list', Array.isArray(await linode.getRegionAvailability('us-ord')), true);
});
await test('types and their prices', async () => {
	const all = (await linode.getLinodeTypes({ page_size: 500 })).data;
	const nanode = all.find((t) => t.id === 'g6-nanode-1');
	is('price', [nanode.price.hourly, nanode.memory, nanode.vcpus], [0.0075, 1024, 1]);
	is('by id', (await linode.getType('g6-nanode-1')).label, nanode.label);
});
await test('an image', async () => {
	const image = await linode.getImage('linode/debian12');
	is('cloud-init', image.capabilities.includes('cloud-init'), true);
});
await test('a firewall', async () => {
	firewall = await linode.createFirewall({ label: 'sdk-wall', rules, tags: ['sdk'] });
	is('status', [firewall.label, firewall.status], ['sdk-wall', 'enabled']);
	is('rules', (await linode.getFirewallRules(firewall.id)).inbound.length, 1);
});
await test('a machine', async () => {
	machine = await linode.createLinode({ ...wish, firewall_id: firewall.id });
	is('status', [machine.label, machine.status], ['gsp-sdk', 'provisioning']);
	is('an address', /^198\.1[89]\./.test(machine.ipv4[0]), true);
});
await test('its label is taken now', () =>
	refused(linode.createLinode({ ...wish, firewall_id: firewall.id }), 'label', /unique/));
await test('a region that is not there', () =>
	refused(linode.createLinode({ ...wish, label: 'gsp-nowhere', region: 'xx-none' }), 'region', /./));
await test('a machine that is not there', () => refused(linode.getLinode(1), '', /Not found/));
await test('it runs after a while', () =>
	until('running', 30, async () => (await linode.getLinode(machine.id)).status === 'running'));
await test('sshd answers', () =>
	until('there', 30, async () => (await greeting(machine.ipv4[0], 22)).startsWith('SSH-2.0')));
await test('found by its label', async () => {
	const list = await linode.getLinodes({}, { label: 'gsp-sdk' });
	is('ids', list.data.map((m) => m.id), [machine.id]);
});
await test('found by a filter with operators', async () => {
	const list = await linode.getLinodes(
		{ page_size: 25 },
		{ '+and': [{ label: { '+contains': 'gsp-' } }, { tags: 'sdk' }], '+order_by': 'id', '+order': 'desc' });
	is('ids', list.data.map((m) => m.id), [machine.id]);
});
await test('not found by another', async () => {
	is('results', (await linode.getLinodes({}, { label: 'gsp-other' })).results, 0);
});
await test('a filter that cannot be', () =>
	refused(linode.getLinodes({}, { colour: 'red' }), 'X-Filter', /Cannot filter/));
await test('the firewall stands before it', async () => {
	const devices = await linode.getFirewallDevices(firewall.id);
	is('devices', devices.data.map((d) => d.entity.id), [machine.id]);
	is('the other way', (await linode.getLinodeFirewalls(machine.id)).data[0].id, firewall.id);
});
await test('events tell of it', async () => {
	const list = await linode.getEvents({},
		{ 'entity.id': machine.id, 'entity.type': 'linode', '+order_by': 'created', '+order': 'desc' });
	const actions = list.data.map((e) => `${e.action} ${e.status}`);
	is('created', actions.includes('linode_create finished'), true);
	is('booted', actions.includes('linode_boot finished'), true);
});
await test('its disks and addresses', async () => {
	const disks = (await linode.getLinodeDisks(machine.id)).data;
	is('disks', disks.map((d) => d.filesystem).sort(), ['ext4', 'swap']);
	is('address', (await linode.getLinodeIPs(machine.id)).ipv4.public[0].address, machine.ipv4[0]);
});
await test('other tags', async () => {
	const changed = await linode.updateLinode(machine.id, { tags: ['sdk', 'changed'] });
	is('tags', [...changed.tags].sort(), ['changed', 'sdk']);
});
await test('shut down, and booted again', async () => {
	await linode.linodeShutdown(machine.id);
	await until('offline', 30, async () => (await linode.getLinode(machine.id)).status === 'offline');
	await linode.linodeBoot(machine.id);
	await until('running', 30, async () => (await linode.getLinode(machine.id)).status === 'running');
});
await test('the firewall\'s rules replaced', async () => {
	const closed = await linode.updateFirewallRules(firewall.id, { ...rules, inbound: [] });
	is('rules', closed.inbound, []);
	is('ssh', await greeting(machine.ipv4[0], 22), '');
});
await test('deleted', async () => {
	await linode.deleteLinode(machine.id);
	await until('gone', 10, () => linode.getLinode(machine.id).then(() => false, () => true));
	await linode.deleteFirewall(firewall.id);
	is('what is left', [(await linode.getLinodes()).results, (await linode.getFirewalls()).results], [0, 0]);
});
console.log(`1..${count}`);
process.exitCode = failed === 0 ? 0 : 1;
