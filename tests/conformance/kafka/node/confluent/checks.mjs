// One check of the confluent-kafka-javascript suite against a broker, or the list of the checks:
//
//     node checks.mjs list
//     node checks.mjs CHECK BOOTSTRAP PREFIX
//
// Topics and groups are named with the prefix, so that no two runs meet. A check fails by exit code
// 1 and says why on stderr; the limit below ends one that hangs.
import assert from 'node:assert/strict'
import client from '@confluentinc/kafka-javascript'

const { Kafka, logLevel } = client.KafkaJS
const LIMIT_MS = 120_000
const PARTITIONS = 3

const value = (i) => `value ${String(i).padStart(6, '0')}, and some more to be compressed`
const message = (i) => ({
  key: `key ${i}`,
  value: value(i),
  partition: i % PARTITIONS,
  timestamp: String(1_700_000_000_000 + i),
  headers: { number: String(i) },
})
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)
const sorted = (list) => [...list].sort((a, b) => a - b)

class Check {
  constructor(bootstrap, prefix) {
    this.prefix = prefix
    this.kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: logLevel.ERROR } })
    this.open = []
  }

  async connected(client) {
    await client.connect()
    this.open.push(client)
    return client
  }

  async closed(client) {
    this.open = this.open.filter((other) => other !== client)
    await client.disconnect()
  }

  admin() {
    return this.connected(this.kafka.admin())
  }

  name(name) {
    return `${this.prefix}-${name}`
  }

  async topic(name, numPartitions = PARTITIONS) {
    const topic = this.name(name)
    const admin = await this.admin()
    // The messages are of long ago, so nothing is ever too old.
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] })
    return topic
  }

  async produce(topic, from, to, settings = {}) {
    const producer = await this.connected(this.kafka.producer(settings))
    const sent = await producer.send({ topic, messages: range(from, to).map(message) })
    await this.closed(producer)
    return sent
  }

  async produceFive(topic) {
    const producer = await this.connected(this.kafka.producer())
    const messages = range(0, 5).map((i) => ({ value: String(i), partition: 0 }))
    await producer.send({ topic, messages })
    await this.closed(producer)
  }

  // A member of a group; what it reads is handed to `each`.
  async member(topic, each, settings) {
    const config = {
      kafkaJS: { groupId: this.name('group'), fromBeginning: true, autoCommitInterval: 200 },
      'topic.metadata.refresh.interval.ms': 1000,
      ...settings,
    }
    const consumer = await this.connected(this.kafka.consumer(config))
    await consumer.subscribe({ topic })
    await consumer.run({ eachMessage: async (payload) => each(payload) })
    return consumer
  }

  // Reads so many messages in a group and leaves it, which commits them.
  async read(topic, count, settings) {
    const messages = []
    const consumer = await this.member(topic, (payload) => messages.push(payload), settings)
    await until(() => messages.length >= count)
    await this.closed(consumer)
    return messages
  }

  async end() {
    await Promise.all(this.open.map((client) => client.disconnect()))
  }
}

const numbers = (messages) =>
  messages.map(({ message, partition }) => Number(message.offset) * PARTITIONS + partition)

// Polls, for what the broker and the client's own threads do by themselves.
async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function roundTrip(check, settings) {
  const topic = await check.topic('records')
  await check.produce(topic, 0, 1_500, settings)
  const messages = await check.read(topic, 1_500, {})
  assert.deepEqual(sorted(numbers(messages)), range(0, 1_500))
  const next = Array(PARTITIONS).fill(0)
  for (const { message, partition } of messages) {
    const i = next[partition]++ * PARTITIONS + partition
    assert.equal(message.value.toString(), value(i))
    assert.equal(message.key.toString(), `key ${i}`)
    assert.equal(String(message.headers.number), String(i))
    assert.equal(String(message.timestamp), String(1_700_000_000_000 + i))
  }
}

async function resumes(check, settings) {
  const topic = await check.topic('records')
  for (const round of [0, 1, 2]) {
    await check.produce(topic, round * 300, round * 300 + 300)
    const messages = await check.read(topic, 300, settings)
    assert.deepEqual(sorted(numbers(messages)), range(round * 300, round * 300 + 300))
  }
}

// Two members have the partitions between them, and one has all when the other has left.
async function shares(check, settings) {
  const topic = await check.topic('records', 4)
  const join = () => check.member(topic, () => {}, settings)
  const size = (consumer) => consumer.assignment().length
  const first = await join()
  await until(() => size(first) === 4)
  const second = await join()
  await until(() => size(first) === 2 && size(second) === 2)
  await check.closed(first)
  await until(() => size(second) === 4)
}

async function groupsByAdmin(check, settings) {
  const topic = await check.topic('records')
  await check.produce(topic, 0, 30)
  const admin = await check.admin()
  const groupId = check.name('group')
  const seen = []
  const consumer = await check.member(topic, (payload) => seen.push(payload), settings)
  await until(() => seen.length === 30)
  const { groups } = await admin.listGroups()
  assert.ok(groups.some((group) => group.groupId === groupId))
  const described = await admin.describeGroups([groupId])
  assert.equal(described.groups[0].members.length, 1)
  await check.closed(consumer)
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
  assert.deepEqual(
    offsets.partitions.map(({ offset }) => offset),
    ['10', '10', '10'],
  )
  await admin.deleteGroups([groupId])
  const left = await admin.listGroups()
  assert.ok(!left.groups.some((group) => group.groupId === groupId))
}

async function topicsByAdmin(check) {
  const topic = await check.topic('topic', 2)
  const admin = await check.admin()
  assert.equal(await admin.createTopics({ topics: [{ topic }] }), false)
  const [{ partitions }] = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.equal(partitions.length, 2)
  await check.produceFive(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  const offsets = await admin.fetchTopicOffsets(topic)
  const found = offsets.find(({ partition }) => partition === 0)
  assert.deepEqual([found.low, found.high], ['2', '5'])
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic))
}

const classic = { 'session.timeout.ms': 10_000, 'heartbeat.interval.ms': 300 }
const eager = { ...classic, 'partition.assignment.strategy': 'range' }
const cooperative = { ...classic, 'partition.assignment.strategy': 'cooperative-sticky' }
const consumer = { 'group.protocol': 'consumer' }
const ways = { range: eager, cooperative_sticky: cooperative, consumer }
const codecs = ['none', 'gzip', 'snappy', 'lz4']

const checks = {
  topics_by_admin: topicsByAdmin,
  ...Object.fromEntries(
    codecs.map((codec) => [
      `round_trip_${codec}`,
      (check) => roundTrip(check, { 'compression.codec': codec, 'enable.idempotence': true }),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(ways).flatMap(([name, settings]) => [
      [`group_resumes_${name}`, (check) => resumes(check, settings)],
      [`group_shares_${name}`, (check) => shares(check, settings)],
      [`groups_by_admin_${name}`, (check) => groupsByAdmin(check, settings)],
    ]),
  ),
}

const [name, bootstrap, prefix] = process.argv.slice(2)
if (name === 'list') {
  console.log(Object.keys(checks).sort().join('\n'))
} else {
  setTimeout(() => {
    console.error(`not done after ${LIMIT_MS} ms`)
    process.exit(1)
  }, LIMIT_MS).unref()
  const check = new Check(bootstrap, prefix)
  try {
    await checks[name](check)
    await check.end()
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
  process.exit(0)
}
