//! The programs, how each is started, and its load.

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use runner::target::unused_port;
use std::any::Any;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process;
use crate::service::log::Log;
use crate::service::postgres::{Installation, Server};

/// Time until a program serves: Java compiles first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that people run.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Starts it, with its files in a folder.
    pub start: fn(&Path) -> Result<Started>,
}

/// A program that serves.
pub struct Started {
    /// The process that was started; its descendants belong to it.
    pub pid: u32,
    /// Returns the load for so many seconds.
    pub load: Box<dyn Fn(u64) -> Command>,
    /// Ends it when dropped.
    _owner: Box<dyn Any>,
}

/// All programs.
pub const PROGRAMS: [Program; 6] = [
    Program {
        name: "redis",
        start: redis,
    },
    Program {
        name: "postgres",
        start: postgres,
    },
    Program {
        name: "nginx",
        start: nginx,
    },
    Program {
        name: "gunicorn",
        start: gunicorn,
    },
    Program {
        name: "node-cluster",
        start: node_cluster,
    },
    Program {
        name: "java",
        start: java,
    },
];

/// A process group that is killed when dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // It may have ended.
        let _ = killpg(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// Starts a server, and waits until its port accepts.
fn serve(command: &mut Command, folder: &Path, port: u16) -> Result<Group> {
    let log = fs::File::create(folder.join("server.log"))?;
    command.current_dir(folder).process_group(0);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let shown = process::shown(command);
    let child = command.spawn();
    let mut group = Group(child.with_context(|| format!("cannot start {shown}"))?);
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Some(status) = group.0.try_wait()? {
            let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
            bail!("{shown} ended ({status}): {log}");
        }
        if Instant::now() > until {
            bail!("{shown} did not serve within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(group)
}

fn started(group: Group, load: impl Fn(u64) -> Command + 'static) -> Started {
    Started {
        pid: group.0.id(),
        load: Box::new(load),
        _owner: Box::new(group),
    }
}

/// Returns a load of ten connections over HTTP.
fn wrk(port: u16) -> impl Fn(u64) -> Command {
    move |seconds| {
        let mut command = Command::new("wrk");
        command.args(["-t1", "-c10", &format!("-d{seconds}")]);
        command.arg(format!("http://127.0.0.1:{port}/"));
        command
    }
}

fn redis(folder: &Path) -> Result<Started> {
    let port = unused_port()?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--save", "", "--appendonly", "no"]);
    let group = serve(&mut command, folder, port)?;
    Ok(started(group, move |seconds| {
        let mut command = Command::new("timeout");
        command.args([
            &seconds.to_string(),
            "redis-benchmark",
            "-l",
            "-q",
            "-c",
            "10",
        ]);
        command.args(["-t", "set,get", "-p", &port.to_string()]);
        command
    }))
}

fn postgres(folder: &Path) -> Result<Started> {
    let installation = Installation::find()?;
    let server = Server::start(&installation, &[], &Log::file(&folder.join("server.log")))?;
    let url = server.url();
    process::run_quietly(Command::new("pgbench").args(["-i", "-q", &url]))?;
    Ok(Started {
        pid: server.pid()?,
        load: Box::new(move |seconds| {
            let mut command = Command::new("pgbench");
            command.args(["-n", "-c", "10", "-T", &seconds.to_string(), &url]);
            command
        }),
        _owner: Box::new(server),
    })
}

fn nginx(folder: &Path) -> Result<Started> {
    let port = unused_port()?;
    let configuration = format!(
        "daemon off; worker_processes 2; pid nginx.pid; error_log error.log;\n\
         events {{ }}\n\
         http {{\n\
           access_log off; client_body_temp_path body; proxy_temp_path proxy;\n\
           fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
           server {{ listen 127.0.0.1:{port}; location / {{ return 200 'hello'; }} }}\n\
         }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration)?;
    let found =
        process::which("nginx").context("there is no nginx: sudo apt-get install -y nginx")?;
    let mut command = Command::new(found);
    command.arg("-p").arg(folder).arg("-c").arg(&file);
    let group = serve(&mut command, folder, port)?;
    Ok(started(group, wrk(port)))
}

const WSGI: &str = "\
def app(environ, start_response):
    body = b'hello' * 100
    start_response('200 OK', [('content-length', str(len(body)))])
    return [body]
";

fn gunicorn(folder: &Path) -> Result<Started> {
    let port = unused_port()?;
    fs::write(folder.join("hello.py"), WSGI)?;
    let venv = crate::project::cache("gunicorn").join("bin/gunicorn");
    let mut command = Command::new(venv);
    command.args([
        "--workers",
        "3",
        "--bind",
        &format!("127.0.0.1:{port}"),
        "hello:app",
    ]);
    let group = serve(&mut command, folder, port)?;
    Ok(started(group, wrk(port)))
}

const CLUSTER: &str = "\
const cluster = require('node:cluster');
if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork();
} else {
  require('node:http').createServer((_, response) => response.end('hello')).listen(process.argv[2], '127.0.0.1');
}
";

fn node_cluster(folder: &Path) -> Result<Started> {
    let port = unused_port()?;
    let file = folder.join("cluster.js");
    fs::write(&file, CLUSTER)?;
    let mut command = Command::new("node");
    command.arg(&file).arg(port.to_string());
    let group = serve(&mut command, folder, port)?;
    Ok(started(group, wrk(port)))
}

const JAVA: &str = "\
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
class Hello {
  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(\"127.0.0.1\", Integer.parseInt(arguments[0])), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext(\"/\", exchange -> {
      byte[] body = \"hello\".repeat(100).getBytes();
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
  }
}
";

fn java(folder: &Path) -> Result<Started> {
    let port = unused_port()?;
    let file = folder.join("Hello.java");
    fs::write(&file, JAVA)?;
    let mut command = Command::new("java");
    command.arg(&file).arg(port.to_string());
    let group = serve(&mut command, folder, port)?;
    Ok(started(group, wrk(port)))
}
