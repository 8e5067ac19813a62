//! The runtime on the real kernel: files, sockets, splice, wake-ups and the end of a loop.

#![allow(clippy::unwrap_used, missing_docs)]

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use runtime::buffer::Pool;
use runtime::{
    Barrier, File, IdlePolicy, Listener, OpenOptions, Pipes, Received, Runtime, RuntimeConfig,
    Stream, block_on,
};

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn small() -> RuntimeConfig {
    let provided = runtime::ProvidedLayout { count: 8, size: 4096 };
    RuntimeConfig { provided, ..RuntimeConfig::default() }
}

#[test]
fn what_is_written_with_each_barrier_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    block_on(small(), |runtime| async move {
        let options =
            OpenOptions { write: true, create: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&runtime, &path, options).await.unwrap();
        file.allocate(0, 1 << 20).await.unwrap();
        let barriers = [Barrier::None, Barrier::DataSync, Barrier::WriteThrough];
        for (block, barrier) in barriers.into_iter().enumerate() {
            let mut chunk = runtime.pool().chunk(8192);
            chunk.append(format!("block {block}").as_bytes());
            chunk.pad_to_block();
            let first = chunk.freeze();
            chunk.append(&[7; 4096]);
            let slices = vec![first, chunk.freeze()];
            file.write_at(slices, block as u64 * 8192, barrier).await.unwrap();
        }
        let (buffer, len) = file.read_at(runtime.pool().dma(3 * 8192), 0, 3 * 8192, 0).await;
        assert_eq!(len.unwrap(), 3 * 8192);
        for block in 0..3 {
            let bytes = &buffer.as_slice()[block * 8192..][..8192];
            assert!(bytes.starts_with(format!("block {block}\0").as_bytes()));
            assert!(bytes[4096..].iter().all(|byte| *byte == 7));
        }
        file.truncate(4096).await.unwrap();
        let (_, len) = file.read_at(runtime.pool().dma(8192), 0, 8192, 0).await;
        assert_eq!(len.unwrap(), 4096);
    })
    .unwrap();
}

#[test]
fn directories_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_owned();
    block_on(small(), |runtime| async move {
        let inner = root.join("inner");
        runtime::create_directory(&runtime, &inner).await.unwrap();
        runtime::create_directory(&runtime, &inner).await.unwrap();
        let options = OpenOptions { write: true, create_new: true, ..OpenOptions::default() };
        drop(File::open(&runtime, &inner.join("a"), options).await.unwrap());
        assert!(File::open(&runtime, &inner.join("a"), options).await.is_err());
        runtime::rename(&runtime, &inner.join("a"), &inner.join("b")).await.unwrap();
        runtime::sync_directory(&runtime, &inner).await.unwrap();
        assert!(runtime::metadata(&runtime, &inner.join("b")).await.unwrap().is_file);
        assert_eq!(runtime::list_directory(&inner).unwrap(), vec![inner.join("b")]);
        assert!(runtime::remove_directory(&runtime, &inner).await.is_err());
        runtime::remove_file(&runtime, &inner.join("b")).await.unwrap();
        runtime::remove_file(&runtime, &inner.join("b")).await.unwrap();
        runtime::remove_directory(&runtime, &inner).await.unwrap();
        assert!(runtime::metadata(&runtime, &inner).await.is_err());
    })
    .unwrap();
}

async fn accept_one(runtime: Runtime, listener: Listener) -> Stream {
    Stream::from_descriptor(&runtime, listener.accept().await.unwrap()).unwrap()
}

async fn read_all(stream: &Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(buffer) = stream.receive().await.unwrap() {
        bytes.extend_from_slice(buffer.as_slice());
    }
    bytes
}

#[test]
fn a_stream_carries_more_bytes_than_there_are_buffers() {
    block_on(small(), |runtime| async move {
        let listener = Listener::bind(&runtime, LOOPBACK).await.unwrap();
        let address = listener.local_addr();
        let sender = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            (bytes, answer)
        });
        let stream = accept_one(runtime.clone(), listener).await;
        let received = read_all(&stream).await;
        let reused = stream.send(b"short".to_vec()).await.unwrap();
        assert!(reused.is_empty() && reused.capacity() >= 5);
        let mut chunk = runtime.pool().chunk(2 << 20);
        chunk.append(&received);
        let whole = chunk.freeze();
        let halves = vec![whole.slice(0..500_000).into(), whole.slice(500_000..1_000_000).into()];
        stream.send_gathered(halves).await.unwrap();
        drop(stream);
        runtime.sleep(Duration::from_millis(1)).await;
        let (sent, answer) = sender.join().unwrap();
        assert_eq!(received, sent);
        assert_eq!(&answer[..5], b"short");
        assert_eq!(&answer[5..], &sent[..]);
        assert_eq!(runtime.provided_free(), 8, "every buffer came home");
    })
    .unwrap();
}

#[test]
fn a_stopped_receive_leaves_the_rest_to_the_next_and_the_stream_can_move() {
    block_on(small(), |runtime| async move {
        let listener = Listener::bind(&runtime, LOOPBACK).await.unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr()).unwrap();
        let stream = accept_one(runtime.clone(), listener).await;
        peer.write_all(b"first").unwrap();
        let buffer = stream.receive().await.unwrap().unwrap();
        assert_eq!(buffer.as_slice(), b"first");
        drop(buffer);
        stream.stop_receiving().await;
        assert!(matches!(stream.try_receive().unwrap(), Received::Nothing));
        peer.write_all(b"0123456789").unwrap();
        let (buffer, len) = stream.receive_into(runtime.pool().dma(4096), 2, 4).await;
        assert_eq!(len.unwrap(), 4);
        assert_eq!(&buffer.as_slice()[2..6], b"0123");
        let once = stream.receive_once(3).await.unwrap().unwrap();
        assert_eq!(once.as_slice(), b"456");
        drop(once);
        let Ok(descriptor) = stream.into_descriptor() else { panic!("the stream is quiet") };
        let moved = Stream::from_descriptor(&runtime, descriptor).unwrap();
        assert_eq!(moved.receive().await.unwrap().unwrap().as_slice(), b"789");
        drop(peer);
        assert!(moved.receive().await.unwrap().is_none());
    })
    .unwrap();
}

#[test]
fn a_dropped_stream_gives_its_buffers_back() {
    block_on(small(), |runtime| async move {
        let listener = Listener::bind(&runtime, LOOPBACK).await.unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr()).unwrap();
        let stream = accept_one(runtime.clone(), listener).await;
        peer.write_all(b"x").unwrap();
        drop(stream.receive().await.unwrap());
        peer.write_all(&vec![1; 20_000]).unwrap();
        runtime.sleep(Duration::from_millis(5)).await;
        drop(stream);
        while runtime.provided_free() < 8 {
            runtime.sleep(Duration::from_millis(1)).await;
        }
        // Closed: the peer reads its end, or a reset if bytes were left unread.
        let peer = std::thread::spawn(move || peer.read(&mut [0; 1]));
        while !peer.is_finished() {
            runtime.sleep(Duration::from_millis(1)).await;
        }
        assert!(!matches!(peer.join().unwrap(), Ok(1..)));
    })
    .unwrap();
}

#[test]
fn a_file_is_spliced_to_a_slow_reader_to_the_last_byte() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let content: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 253) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    block_on(small(), |runtime| async move {
        let listener = Listener::bind(&runtime, LOOPBACK).await.unwrap();
        let address = listener.local_addr();
        let reader = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let (mut all, mut piece) = (Vec::new(), [0; 3000]);
            loop {
                match stream.read(&mut piece).unwrap() {
                    0 => return all,
                    count => all.extend_from_slice(&piece[..count]),
                }
            }
        });
        let stream = accept_one(runtime.clone(), listener).await;
        let file = File::open(&runtime, &path, OpenOptions::default()).await.unwrap();
        let pipes = Pipes::new(&runtime);
        pipes.send_file(&file, 1000, 4_000_000, &stream).await.unwrap();
        stream.send(b"between".to_vec()).await.unwrap();
        pipes.send_file(&file, 4_999_000, 1000, &stream).await.unwrap();
        let error = pipes.send_file(&file, 4_999_000, 2000, &stream).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        assert!(stream.send(vec![1]).await.is_err(), "a half-sent response breaks the stream");
        drop(stream);
        while !reader.is_finished() {
            runtime.sleep(Duration::from_millis(1)).await;
        }
        let received = reader.join().unwrap();
        assert_eq!(received[..4_000_000], content[1000..4_001_000]);
        assert_eq!(&received[4_000_000..4_000_007], b"between");
        assert_eq!(received[4_000_007..4_001_007], content[4_999_000..]);
    })
    .unwrap();
}

#[test]
fn a_task_is_woken_by_another_thread_while_the_shard_sleeps() {
    for idle in [IdlePolicy::Block, IdlePolicy::Adaptive(Duration::from_micros(50))] {
        let config = RuntimeConfig { idle, ..small() };
        let sum = block_on(config, |_| async move {
            let (sender, receiver) = flume::bounded::<u32>(4);
            let thread =
                std::thread::spawn(move || (1..=1000).for_each(|n| sender.send(n).unwrap()));
            let mut sum = 0;
            while let Ok(number) = receiver.recv_async().await {
                sum += number;
            }
            thread.join().unwrap();
            sum
        });
        assert_eq!(sum.unwrap(), 500_500);
    }
}

#[test]
fn sleeps_end_in_order_and_never_early() {
    block_on(small(), |runtime| async move {
        let order = Rc::new(Cell::new(0));
        let tasks: Vec<_> = [30_u64, 10, 20]
            .into_iter()
            .map(|millis| {
                let (runtime, order) = (runtime.clone(), Rc::clone(&order));
                runtime.clone().spawn(async move {
                    let started = runtime.now();
                    runtime.sleep(Duration::from_millis(millis)).await;
                    assert!(runtime.now().nanos_since(started) >= millis * 1_000_000);
                    order.set(order.get() + 1);
                    (millis, order.get())
                })
            })
            .collect();
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await);
        }
        ends.sort_unstable();
        assert_eq!(ends, vec![(10, 1), (20, 2), (30, 3)]);
    })
    .unwrap();
}

#[test]
fn an_ending_loop_drops_what_was_left_running() {
    struct Flag(Rc<Cell<bool>>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Rc::new(Cell::new(false));
    let flag = Flag(Rc::clone(&dropped));
    let pool: Pool = block_on(small(), move |runtime| async move {
        let inner = runtime.clone();
        let task = runtime.spawn(async move {
            let _flag = flag;
            let listener = Listener::bind(&inner, LOOPBACK).await.unwrap();
            listener.accept().await.unwrap();
        });
        task.detach();
        runtime.sleep(Duration::from_millis(2)).await;
        runtime.pool().clone()
    })
    .unwrap();
    assert!(dropped.get());
    drop(pool);
}
