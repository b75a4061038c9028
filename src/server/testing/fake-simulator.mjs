// Stands for the simulator where only the line to it is tested: answers `hello` and health checks, and
// ends when told by `cancelRun`.
const info = {
  engine: { version: '0.1.0', hash: 'a'.repeat(64) },
  apiVersion: 1,
  cores: process.pid,
  kernels: [],
  costProfiles: [],
  counters: {}
}
process.on('message', ({ kind, id, data }) => {
  if (kind === 'ping') process.send({ kind: 'pong', id })
  if (kind !== 'data') return
  if (data.m === 'cancelRun') process.exit(7)
  const answer = data.m === 'hello' ? { r: info } : { e: { code: 'not-found', message: `no ${data.m}` } }
  process.send({ kind: 'data', id, data: { t: 's', i: data.i, ...answer } })
})
process.on('disconnect', () => process.exit(0))
process.send({ kind: 'ready' })
