//! The codec against the crate `kafka-protocol`, which is generated from Kafka 4.1's schemas:
//! every API, every version, both directions, with random messages.

mod consumer_protocol;
mod differential;
mod entropy;
mod group_oracle;
mod header;
mod hostile;
mod mirror;
mod oracle;
mod replica_oracle;
mod seeds;

mod strictness;
