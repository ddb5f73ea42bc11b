#include "crud.hpp"

#include <boost/json.hpp>
#include <charconv>

Refusal no_route() { return {http::status::not_found, "there is no such route"}; }

static json::object thread_of(const Row& row) { return {{"id", row[0]}, {"title", row[1]}}; }

static json::object message_of(const Row& row) { return {{"role", row[0]}, {"content", row[1]}}; }

/// Returns the thread, or fails if it does not exist.
static const Row& existing(const Rows& found) {
    if (found.empty()) throw Refusal(http::status::not_found, "there is no such thread");
    return found[0];
}

/// Returns a field of a URL's query. Ids and numbers contain no escapes.
static std::string_view field_of(std::string_view query, std::string_view name, std::string_view otherwise) {
    while (!query.empty()) {
        const auto field = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(field.size() + 1, query.size()));
        if (field.starts_with(name) && field.substr(name.size()).starts_with('=')) return field.substr(name.size() + 1);
    }
    return otherwise;
}

static int limit_of(std::string_view query) {
    const auto text = field_of(query, "limit", "20");
    int limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > 100)
        throw bad_request("limit must be from 1 to 100");
    return limit;
}

/// Returns the id that the page starts after, or nothing for the first page.
static std::string after_of(std::string_view query) {
    const auto after = field_of(query, "after", "");
    return after.empty() ? std::string() : valid_id(after);
}

static awaitable<Reply> list(Threads& threads, std::string_view query) {
    const auto limit = limit_of(query);
    auto after = after_of(query);
    // One more row than needed shows whether there is a next page.
    auto found = co_await threads.list(std::move(after), limit + 1);
    const bool more = found.size() > static_cast<std::size_t>(limit);
    if (more) found.pop_back();
    json::array page;
    for (const auto& row : found) page.push_back(thread_of(row));
    json::object body{{"threads", page}, {"next", nullptr}};
    if (more) body["next"] = found.back()[0];
    co_return Reply{http::status::ok, std::move(body)};
}

// Bodies are passed by value, because these coroutines start after their caller has returned.
static awaitable<Reply> create(Threads& threads, json::value body) {
    const auto made = co_await threads.create(valid_id(text_of(body, "id")), storable_text(body, "title"));
    if (made.empty()) throw Refusal(http::status::conflict, "there is such a thread");
    co_return Reply{http::status::created, thread_of(made[0])};
}

static awaitable<Reply> show(Threads& threads, std::string id) {
    const auto rows = co_await threads.read(id);
    auto body = thread_of(existing(rows));
    json::array messages;
    for (auto row = rows.begin() + 1; row != rows.end(); ++row) messages.push_back(message_of(*row));
    body["messages"] = std::move(messages);
    co_return Reply{http::status::ok, std::move(body)};
}

static awaitable<Reply> rename(Threads& threads, std::string id, json::value body) {
    const auto renamed = co_await threads.rename(id, storable_text(body, "title"));
    co_return Reply{http::status::ok, thread_of(existing(renamed))};
}

static awaitable<Reply> remove(Threads& threads, std::string id) {
    const auto removed = co_await threads.remove(id);
    existing(removed);
    co_return Reply{http::status::no_content};
}

static awaitable<Reply> append(Threads& threads, std::string id, json::value body) {
    const auto role = text_of(body, "role");
    if (role != "user" && role != "assistant") throw bad_request("\"role\" must be user or assistant");
    const auto added = co_await threads.append(id, role, storable_text(body, "content"));
    co_return Reply{http::status::created, message_of(existing(added))};
}

static awaitable<Reply> all(Threads& threads, http::verb method, std::string_view query, std::string_view body) {
    if (method == http::verb::get) return list(threads, query);
    if (method == http::verb::post) return create(threads, body_of(body));
    throw no_route();
}

static awaitable<Reply> one(Threads& threads, http::verb method, std::string id, std::string_view body) {
    if (method == http::verb::get) return show(threads, id);
    if (method == http::verb::patch) return rename(threads, id, body_of(body));
    if (method == http::verb::delete_) return remove(threads, id);
    throw no_route();
}

awaitable<Reply> crud(Threads& threads, http::verb method, std::string_view target, std::string_view body) {
    const auto path = target.substr(0, target.find('?'));
    const auto query = target.substr(std::min(path.size() + 1, target.size()));
    if (path == "/threads") co_return co_await all(threads, method, query, body);
    if (!path.starts_with("/threads/")) throw no_route();
    const auto rest = path.substr(std::string_view("/threads/").size());
    const auto id = rest.substr(0, rest.find('/'));
    if (rest == id) co_return co_await one(threads, method, valid_id(id), body);
    if (method != http::verb::post || rest.substr(id.size()) != "/messages") throw no_route();
    co_return co_await append(threads, valid_id(id), body_of(body));
}
