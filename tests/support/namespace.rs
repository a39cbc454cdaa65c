//! A machine of its own for a host: a network namespace, joined to this one by a pair of virtual Ethernet devices.

use std::{
    ffi::OsStr,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network namespace. It is deleted when this is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    /// The device on this side.
    device: String,
    /// The first three numbers of the addresses on both sides.
    net: String,
}

impl Namespace {
    /// A new one; `None` where this process may not make any, which takes the rights of root.
    pub fn new() -> Option<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = process::id();
        // Two tests at a time, of two runs at a time, are unlikely to meet.
        let net = format!("10.{}.{}", 100 + pid / 64 % 100, pid % 64 * 4 + number % 4);
        let namespace = Self {
            name: format!("brigade-{pid}-{number}"),
            device: format!("bt{}n{number}", pid % 1_000_000),
            net,
        };
        ip(&["netns", "add", &namespace.name]).then_some(())?;
        let Self { name, device, net } = &namespace;
        let near = format!("{net}.1/24");
        let far = format!("{net}.2/24");
        let is_made = ip(&[
            "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name,
        ]) && ip(&["addr", "add", &near, "dev", device])
            && ip(&["link", "set", device, "up"])
            && ip(&["-n", name, "addr", "add", &far, "dev", "eth0"])
            && ip(&["-n", name, "link", "set", "eth0", "up"])
            && ip(&["-n", name, "link", "set", "lo", "up"]);
        is_made.then_some(namespace)
    }

    /// The address of this side, as seen from the other.
    pub fn address(&self) -> String {
        format!("{}.1", self.net)
    }

    /// A command that will run on the other side.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Takes the cable out: packets vanish, and nobody is told.
    pub fn cut(&self) {
        assert!(ip(&["-n", &self.name, "link", "set", "eth0", "down"]));
    }

    /// Puts it back in.
    pub fn mend(&self) {
        assert!(ip(&["-n", &self.name, "link", "set", "eth0", "up"]));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its device goes with it, and the device's other end too.
        ip(&["netns", "delete", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    let output = Command::new("ip").args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}
