//! A server of the Model Context Protocol: the answers of `kontrast explain` for assistants.
//!
//! It reads below one directory, never writes, and answers in pages of fewer than 20,000 tokens.

use super::super::explain::explain;
use crate::results;
use anyhow::{Context, Result, ensure};
use recording::io::{self, COMPARISON_FILE, RECORDING_FILE};
use report::clean::clean;
use report::explain::Topic;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, serve_server};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Results on one page of the list.
const RESULTS_PER_PAGE: usize = 100;
/// Depth to which results are listed.
const DEPTH: u32 = 4;

const INSTRUCTIONS: &str = "Results of the profiler Kontrast: why one server costs more CPU time, \
memory or latency than another. Call list_results, then explain with a directory and a topic. \
Every statement cites the rows it rests on; quote these. Answers have pages.";

/// The server.
#[derive(Clone, Debug)]
struct Server {
    /// The directory that answers are confined to, in canonical form.
    root: PathBuf,
}

/// Arguments of the tool `list_results`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListArguments {
    #[serde(default = "first")]
    page: usize,
}

/// Arguments of the tool `explain`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainArguments {
    dir: String,
    #[serde(default)]
    topic: Topic,
    #[serde(default = "first")]
    page: usize,
}

fn first() -> usize {
    1
}

/// Serves answers about the results below `root` on standard input and output, until the client
/// closes standard input.
///
/// # Errors
/// The directory cannot be read, or the client breaks the protocol.
pub fn serve(root: &Path) -> Result<()> {
    let root = root
        .canonicalize()
        .with_context(|| format!("cannot read {}; give a directory", root.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let served = runtime.block_on(async {
        let running = serve_server(Server { root }, rmcp::transport::stdio()).await?;
        running.waiting().await?;
        anyhow::Ok(())
    });
    // The thread that reads standard input may still wait for it.
    runtime.shutdown_background();
    served.context("the client broke the protocol or closed it early")
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("kontrast", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let answered = match request.name.as_ref() {
            "list_results" => self.list(arguments),
            "explain" => self.explain(arguments),
            other => {
                let message = format!("there is no tool {:?}", clean(other));
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        // An assistant can correct its arguments if it reads why they were refused.
        let result = match answered {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(format!("{error:#}"))]),
        };
        Ok(result.into())
    }
}

impl Server {
    /// Lists the directories with results, oldest path first.
    fn list(&self, arguments: Value) -> Result<String> {
        let ListArguments { page } = serde_json::from_value(arguments)?;
        let found = results::find(&self.root, DEPTH)?;
        let pages = found.len().div_ceil(RESULTS_PER_PAGE).max(1);
        ensure!(
            (1..=pages).contains(&page),
            "there is no page {page} of {pages}"
        );
        let shown = found.iter().skip((page - 1) * RESULTS_PER_PAGE);
        let shown = shown.take(RESULTS_PER_PAGE);
        let dirs: Vec<String> = shown.map(|dir| relative_to(&self.root, dir)).collect();
        Ok(json!({ "results": dirs, "page": page, "pages": pages }).to_string())
    }

    fn explain(&self, arguments: Value) -> Result<String> {
        let ExplainArguments { dir, topic, page } = serde_json::from_value(arguments)?;
        let dir = self.confined(&self.root.join(&dir))?;
        // A comparison names the files of its recordings, which may lie elsewhere.
        if dir.join(COMPARISON_FILE).is_file() {
            self.confined(&dir.join(COMPARISON_FILE))?;
            let comparison = io::load_comparison(&dir)?;
            let recordings = comparison.arms.iter().flat_map(|arm| &arm.recordings);
            for path in recordings {
                self.confined(&dir.join(path))?;
            }
        } else {
            self.confined(&dir.join(RECORDING_FILE))?;
        }
        Ok(serde_json::to_string(&explain(&dir, topic, page)?)?)
    }

    /// Returns the canonical form of a path, if it lies below the root.
    fn confined(&self, path: &Path) -> Result<PathBuf> {
        // The same words for both, so that a client cannot find out what exists elsewhere.
        let outside = || "there is no such result below the directory that the server was given";
        let path = path.canonicalize().ok().with_context(outside)?;
        ensure!(path.starts_with(&self.root), outside());
        Ok(path)
    }
}

fn tools() -> Vec<Tool> {
    let page = json!({ "type": "integer", "minimum": 1, "description": "page of the answer" });
    let topics = Topic::ALL.map(Topic::name);
    let list = json!({
        "type": "object",
        "properties": { "page": page },
        "additionalProperties": false,
    });
    let explain = json!({
        "type": "object",
        "properties": {
            "dir": { "type": "string", "description": "a directory that list_results names" },
            "topic": { "type": "string", "enum": topics, "description": "default: verdict" },
            "page": page,
        },
        "required": ["dir"],
        "additionalProperties": false,
    });
    vec![
        tool("list_results", "Lists directories with results.", list),
        tool(
            "explain",
            "Explains a result: statements in words, each with JSON pointers to its rows.",
            explain,
        ),
    ]
}

fn tool(name: &'static str, description: &'static str, schema: Value) -> Tool {
    let schema: JsonObject = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(name, description, schema).with_annotations(ToolAnnotations::new().read_only(true))
}

/// Returns the path of a directory below `root`; `.` for the root itself.
fn relative_to(root: &Path, dir: &Path) -> String {
    let below = dir.strip_prefix(root).unwrap_or(dir).to_string_lossy();
    match below.is_empty() {
        true => ".".into(),
        false => below.into_owned(),
    }
}
