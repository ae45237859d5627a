// peers.cjs DIR: game servers that others wrote, from the packages in DIR/node_modules. Prints one
// JSON object a line when each is ready: {"name", "proto", "port"}. On stdin: "join N" lets N real
// clients join the newest Minecraft server, "leave" ends them.
'use strict'
const os = require('os')
const dgram = require('dgram')
const path = require('path')
const readline = require('readline')
const dir = path.resolve(process.argv[2], 'node_modules')
const say = (o) => console.log(JSON.stringify(o))
// raknet-native's library is looked up by the number of the kernel it was built on
os.release = () => '5.0.0'
console.error = console.warn = console.debug = () => {}

const mc = require(path.join(dir, 'minecraft-protocol'))
const versions = ['1.8.8', '1.20.4', mc.supportedVersions[mc.supportedVersions.length - 1]]
let newest = null
const clients = []

for (const version of versions) {
  const server = mc.createServer({ 'online-mode': false, host: '127.0.0.1', port: 0, version, maxPlayers: 20,
    motd: 'peer ' + version, errorHandler: () => {} })
  server.on('error', () => {})
  server.on('listening', () => {
    newest = { port: server.socketServer.address().port, version }
    say({ name: 'minecraft-protocol ' + version, proto: 'minecraft', port: newest.port, version, count: 0, max: 20 })
  })
}

function freePort (then) {
  const s = dgram.createSocket('udp4')
  s.bind(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => then(port)) })
}

const be = require(path.join(dir, 'bedrock-protocol'))
for (const raknetBackend of ['raknet-native', 'jsp-raknet']) {
  freePort((port) => {
    const server = be.createServer({ host: '127.0.0.1', port, version: '1.20.0', maxPlayers: 7, offline: true,
      motd: { motd: 'peer ' + raknetBackend, levelName: 'level' }, raknetBackend })
    server.clientCount = 3 // what it advertises
    server.raknet.updateAdvertisement()
    say({ name: 'bedrock-protocol on ' + raknetBackend, proto: 'bedrock', port, version: '1.20.0', count: 3, max: 7 })
  })
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, n] = line.split(' ')
  if (word === 'leave') clients.splice(0).forEach((c) => c.end('bye'))
  for (let i = 0; word === 'join' && i < +n; i++) {
    const c = mc.createClient({ host: '127.0.0.1', port: newest.port, username: 'friend' + i, auth: 'offline',
      version: newest.version })
    c.on('error', () => {})
    clients.push(c)
  }
}).on('close', () => process.exit(0))
process.on('uncaughtException', (e) => { say({ broken: String(e && e.stack) }) })
