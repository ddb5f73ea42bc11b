//! A peer in another process than the program, which answers after some milliseconds.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Starts the peer, which answers until this program ends. Returns its address.
///
/// # Errors
/// There is no free port.
pub fn listen(milliseconds: u32) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let delay = Duration::from_millis(milliseconds.into());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || answer(client, delay));
        }
    });
    Ok(address)
}

fn answer(mut client: TcpStream, delay: Duration) -> io::Result<()> {
    while client.read(&mut [0; 64])? > 0 {
        thread::sleep(delay);
        client.write_all(b"answer")?;
    }
    Ok(())
}
