//! A network between two programs that can be cut without either of them being told.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Passes bytes on to a port of this machine, until its network is cut. What is sent meanwhile arrives later, as TCP sees to it.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    cut: Arc<Cut>,
    is_over: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Cut {
    is_cut: Mutex<bool>,
    mended: Condvar,
}

impl Relay {
    /// A network that leads to a port.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (cut, is_over) = (Arc::new(Cut::default()), Arc::new(AtomicBool::new(false)));
        let (shared, end) = (Arc::clone(&cut), Arc::clone(&is_over));
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let cut = Arc::clone(&shared);
                thread::spawn(move || connect(near, target, &cut));
            }
        });
        Self { port, cut, is_over }
    }

    /// The address of a NATS server at its other end.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// From now on nothing passes.
    pub fn cut(&self) {
        *self.cut.is_cut.lock().expect("no panic") = true;
    }

    /// All passes again, what has waited first.
    pub fn mend(&self) {
        *self.cut.is_cut.lock().expect("no panic") = false;
        self.cut.mended.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.mend();
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Cut {
    fn wait(&self) {
        let is_cut = self.is_cut.lock().expect("no panic");
        drop(
            self.mended
                .wait_while(is_cut, |is_cut| *is_cut)
                .expect("no panic"),
        );
    }
}

/// Passes on what comes from either side of a connection.
fn connect(near: TcpStream, target: u16, cut: &Arc<Cut>) {
    cut.wait();
    // As refused as the other end would have refused it.
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else {
        return;
    };
    let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else {
        return;
    };
    let back = Arc::clone(cut);
    thread::spawn(move || pass(far_too, near_too, &back));
    pass(near, far, cut);
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: &Cut) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        cut.wait();
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    cut.wait();
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
