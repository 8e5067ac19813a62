// One check of the KafkaJS suite against a broker, or the list of the checks:
//
//     node checks.mjs list
//     node checks.mjs CHECK BOOTSTRAP PREFIX
//
// Topics and groups are named with the prefix, so that no two runs meet. A check fails by exit code
// 1 and says why on stderr; the limit below ends one that hangs.
import assert from 'node:assert/strict'
import kafkajs from 'kafkajs'

const { CompressionTypes, ConfigResourceTypes, Kafka, PartitionAssigners, logLevel } = kafkajs
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

class Check {
  constructor(bootstrap, prefix) {
    this.prefix = prefix
    this.kafka = new Kafka({ brokers: [bootstrap], clientId: prefix, logLevel: logLevel.ERROR })
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
    await admin.createTopics({
      topics: [{ topic, numPartitions, configEntries }],
      waitForLeaders: true,
    })
    return topic
  }

  async produce(topic, from, to, settings = {}) {
    const { compression, acks, ...config } = settings
    const producer = await this.connected(this.kafka.producer(config))
    const messages = range(from, to).map(message)
    const sent = await producer.send({ topic, messages, compression, acks })
    await this.closed(producer)
    return sent
  }

  // A member of a group; what it reads is handed to `each`, its assignments to `assigned`.
  async member(topic, each, settings = {}) {
    const { assigned = () => {}, groupId = this.name('group'), ...config } = settings
    const consumer = this.kafka.consumer({
      groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: 300,
      rebalanceTimeout: 10_000,
      metadataMaxAge: 1_000,
      maxWaitTimeInMs: 100,
      ...config,
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => assigned(payload.memberAssignment))
    await this.connected(consumer)
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async (payload) => each(payload) })
    return consumer
  }

  // Reads so many messages in a group, which commits them, and leaves it.
  async read(topic, count, settings = {}) {
    const messages = []
    let consumer
    await new Promise((resolve, reject) => {
      const each = (payload) => {
        messages.push(payload)
        if (messages.length === count) resolve()
      }
      this.member(topic, each, settings).then((it) => (consumer = it), reject)
    })
    // What has just arrived is committed as its handler has ended, which stop() waits for.
    await consumer.stop()
    await this.closed(consumer)
    return messages
  }

  async end() {
    await Promise.all(this.open.map((client) => client.disconnect()))
  }
}

const numbers = (messages) =>
  messages.map(({ message, partition }) => Number(message.offset) * PARTITIONS + partition)

const sorted = (list) => [...list].sort((a, b) => a - b)

// Polls, for what the broker and the client do by themselves.
async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function roundTrip(check, settings) {
  const topic = await check.topic('records')
  await check.produce(topic, 0, 1_500, settings)
  const messages = await check.read(topic, 1_500)
  assert.deepEqual(sorted(numbers(messages)), range(0, 1_500))
  const next = Array(PARTITIONS).fill(0)
  for (const { message, partition } of messages) {
    const i = next[partition]++ * PARTITIONS + partition
    assert.equal(message.value.toString(), value(i))
    assert.equal(message.key.toString(), `key ${i}`)
    assert.equal(message.headers.number.toString(), String(i))
    assert.equal(message.timestamp, String(1_700_000_000_000 + i))
  }
}

async function resumes(check, settings = {}) {
  const topic = await check.topic('records')
  for (const round of [0, 1, 2]) {
    await check.produce(topic, round * 300, round * 300 + 300)
    const messages = await check.read(topic, 300, settings)
    assert.deepEqual(sorted(numbers(messages)), range(round * 300, round * 300 + 300))
  }
}

// Two members have the partitions between them, and one has all when the other has left.
async function shares(check) {
  const topic = await check.topic('records', 4)
  const held = {}
  const size = (name) => held[name]?.[topic]?.length ?? 0
  const join = (name) =>
    check.member(topic, () => {}, { assigned: (assignment) => (held[name] = assignment) })
  const first = await join('first')
  await until(() => size('first') === 4)
  await join('second')
  await until(() => size('first') === 2 && size('second') === 2)
  await check.closed(first)
  await until(() => size('second') === 4)
}

async function seeks(check) {
  const topic = await check.topic('records', 1)
  const admin = await check.admin()
  const producer = await check.connected(check.kafka.producer())
  await producer.send({ topic, messages: range(0, 10).map((i) => ({ value: String(i) })) })
  const seen = []
  const consumer = await check.member(topic, ({ message }) => seen.push(message.value.toString()))
  await until(() => seen.length === 10)
  consumer.seek({ topic, partition: 0, offset: '7' })
  await until(() => seen.length === 13)
  assert.deepEqual(seen.slice(10), ['7', '8', '9'])
  const [{ high, low }] = await admin.fetchTopicOffsets(topic)
  assert.deepEqual([low, high], ['0', '10'])
}

async function offsetsByAdmin(check) {
  const topic = await check.topic('records', 1)
  const admin = await check.admin()
  const producer = await check.connected(check.kafka.producer())
  await producer.send({ topic, messages: range(0, 10).map((i) => ({ value: String(i) })) })
  const groupId = check.name('group')
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '4' }] })
  const offset = async () => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return found.partitions[0].offset
  }
  assert.equal(await offset(), '4')
  const messages = await check.read(topic, 6)
  assert.equal(messages[0].message.value.toString(), '4')
  assert.equal(await offset(), '10')
  await admin.resetOffsets({ groupId, topic, earliest: true })
  assert.equal((await check.read(topic, 10)).length, 10)
}

async function groupsByAdmin(check) {
  const topic = await check.topic('records')
  const admin = await check.admin()
  const groupId = check.name('group')
  let assigned
  const consumer = await check.member(topic, () => {}, { assigned: (it) => (assigned = it) })
  await until(() => assigned)
  const { groups } = await admin.listGroups()
  assert.equal(groups.find((group) => group.groupId === groupId).protocolType, 'consumer')
  const described = await admin.describeGroups([groupId])
  assert.equal(described.groups[0].state, 'Stable')
  assert.equal(described.groups[0].members.length, 1)
  await assert.rejects(admin.deleteGroups([groupId]))
  await check.closed(consumer)
  await until(async () => {
    const { groups } = await admin.describeGroups([groupId])
    return groups[0].state === 'Empty'
  })
  const [deleted] = await admin.deleteGroups([groupId])
  assert.equal(deleted.errorCode ?? 0, 0)
}

async function topicsByAdmin(check) {
  const topic = await check.topic('topic', 2)
  const admin = await check.admin()
  assert.equal(await admin.createTopics({ topics: [{ topic }] }), false)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.equal(topics[0].partitions.length, 5)
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const { resources } = await admin.describeConfigs({
    resources: [{ ...resource, configNames: ['retention.ms'] }],
  })
  assert.equal(resources[0].configEntries[0].configValue, '-1')
  const cluster = await admin.describeCluster()
  assert.equal(cluster.brokers.length, 1)
  await check.produce(topic, 0, 9)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  const offsets = await admin.fetchTopicOffsets(topic)
  assert.equal(offsets.find(({ partition }) => partition === 0).low, '2')
  await admin.deleteTopics({ topics: [topic] })
  assert.ok(!(await admin.listTopics()).includes(topic))
}

// AlterConfigs, the call before IncrementalAlterConfigs: KafkaJS knows no other.
async function configsAreAltered(check) {
  const topic = await check.topic('topic', 1)
  const admin = await check.admin()
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const configEntries = [{ name: 'retention.ms', value: '5000' }]
  await admin.alterConfigs({ resources: [{ ...resource, configEntries }] })
  const { resources } = await admin.describeConfigs({
    resources: [{ ...resource, configNames: ['retention.ms'] }],
  })
  assert.equal(resources[0].configEntries[0].configValue, '5000')
}

async function autoCreation(check) {
  const topic = check.name('created')
  const sent = await check.produce(topic, 0, 3)
  assert.equal(sent.length, 3)
  assert.deepEqual(sorted(sent.map(({ partition }) => partition)), [0, 1, 2])
}

async function acks(check) {
  const topic = await check.topic('acks')
  for (const [round, acks] of [0, 1, -1].entries()) {
    await check.produce(topic, round * 3, round * 3 + 3, { acks })
  }
  assert.deepEqual(sorted(numbers(await check.read(topic, 9))), range(0, 9))
}

const checks = {
  acks,
  auto_creation: autoCreation,
  configs_are_altered: configsAreAltered,
  group_resumes: resumes,
  group_resumes_round_robin: (check) =>
    resumes(check, { partitionAssigners: [PartitionAssigners.roundRobin] }),
  group_shares: shares,
  groups_by_admin: groupsByAdmin,
  offsets_by_admin: offsetsByAdmin,
  round_trip_gzip: (check) => roundTrip(check, { compression: CompressionTypes.GZIP }),
  round_trip_idempotent: (check) =>
    roundTrip(check, { idempotent: true, maxInFlightRequests: 1, acks: -1 }),
  round_trip_none: (check) => roundTrip(check),
  seeks,
  topics_by_admin: topicsByAdmin,
}

const [name, bootstrap, prefix] = process.argv.slice(2)
if (name === 'list') {
  console.log(Object.keys(checks).join('\n'))
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
