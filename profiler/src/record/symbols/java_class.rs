//! Classes of compiled Java methods, by the names that JVMs and agents write.

/// Returns the outermost class of a method, with `/` between packages: `org/a/Servlet` of
/// `void org.a.Servlet$Inner.service(java.lang.Object)`, as `jcmd Compiler.perfmap` writes it, or
/// of `Lorg/a/Servlet;::service`, as agents do. A jar holds a class together with those inside of
/// it, also those that the JVM or a framework makes while it runs (`Servlet$$Lambda/0x7f01`).
pub fn of(function: &str) -> Option<String> {
    let class = match function
        .strip_prefix('L')
        .and_then(|rest| rest.split_once(';'))
    {
        Some((class, _)) => class.to_owned(),
        None => {
            let (method, _) = function.split_once('(')?;
            let method = method.rsplit(' ').next()?;
            method.rsplit_once('.')?.0.replace('.', "/")
        }
    };
    let outermost = outermost(&class);
    (!outermost.is_empty()).then(|| outermost.to_owned())
}

/// Returns the outermost class: a `$` inside of the name separates those inside of it.
fn outermost(class: &str) -> &str {
    let name = class.rfind('/').map_or(0, |at| at + 1);
    // `Servlet$$Lambda/0x7f01` has its separator in what was made.
    let made = class.find("$$").unwrap_or(class.len());
    let inner = class[name..].find('$').filter(|at| *at > 0);
    let end = inner.map_or(class.len(), |at| name + at);
    &class[..end.min(made)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_outermost_class() {
        for (function, expected) in [
            ("long demo.lib.Work.busy(int)", "demo/lib/Work"),
            ("void demo.lib.Work$Inner$1.run()", "demo/lib/Work"),
            ("void demo.App$$Lambda/0x7f3a.accept(long)", "demo/App"),
            ("void demo.App$$Lambda$14.0x08.accept(long)", "demo/App"),
            ("void demo.Bean$$SpringCGLIB$$0.get()", "demo/Bean"),
            ("Lorg/a/Servlet$Inner;::service", "org/a/Servlet"),
            ("Lorg/a/Servlet;service(I)V", "org/a/Servlet"),
            ("void Server.handle()", "Server"),
            ("void demo.$Proxy.get()", "demo/$Proxy"),
        ] {
            assert_eq!(of(function).as_deref(), Some(expected), "{function}");
        }
        for function in [
            "",
            "Interpreter",
            "StubRoutines (1)",
            "a(b",
            "L;::x",
            "$$.x()",
        ] {
            assert_eq!(of(function), None, "{function}");
        }
    }
}
