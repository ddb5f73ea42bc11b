#include "tools.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>

using namespace std::chrono_literals;

json::object Tool::definition() const {
    json::object properties;
    json::array required;
    for (const auto& [name, kind] : parameters) {
        properties[name] = json::object{{"type", kind == Kind::string ? "string" : "number"}};
        required.push_back(json::string(name));
    }
    json::object schema{{"type", "object"}, {"properties", properties}, {"required", required}};
    return {{"type", "function"}, {"function", {{"name", name}, {"description", description}, {"parameters", schema}}}};
}

std::string Tool::mistake(const json::value& arguments) const {
    const auto* given = arguments.if_object();
    for (const auto& [parameter, kind] : parameters) {
        const auto* value = given ? given->if_contains(parameter) : nullptr;
        if (!value || (kind == Kind::string ? !value->is_string() : !value->is_number()))
            return name + " needs " + parameter + ", a " + (kind == Kind::string ? "string" : "number");
    }
    return {};
}

/// A tool that waits as long as a fast service would take.
static Tool service(std::string name, std::string description, std::vector<std::pair<std::string, Kind>> parameters,
                    std::chrono::milliseconds wait, json::object (*answer)(const json::object&)) {
    auto run = [=](json::object arguments) -> awaitable<json::object> {
        asio::steady_timer timer(co_await asio::this_coro::executor, wait);
        co_await timer.async_wait(use_awaitable);
        co_return answer(arguments);
    };
    return {std::move(name), std::move(description), std::move(parameters), run};
}

static json::object weather(const json::object& given) { return {{"city", given.at("city")}, {"celsius", 21}}; }

static json::object clock(const json::object& given) { return {{"city", given.at("city")}, {"time", "12:00"}}; }

static json::object found(const json::object& given) {
    json::array results;
    for (const char* n : {" 1", " 2", " 3"}) results.push_back(json::string(std::string(given.at("query").as_string()) + n));
    return {{"query", given.at("query")}, {"results", results}};
}

static json::object sum(const json::object& given) {
    const auto &a = given.at("a"), &b = given.at("b");
    if (a.is_int64() && b.is_int64()) return {{"sum", a.as_int64() + b.as_int64()}};
    return {{"sum", a.to_number<double>() + b.to_number<double>()}};
}

Tool search() { return service("search", "Searches the web", {{"query", Kind::string}}, 8ms, found); }

const std::vector<Tool>& all_tools() {
    static const std::vector<Tool> tools{
        service("get_weather", "The weather in a city", {{"city", Kind::string}}, 5ms, weather),
        service("get_time", "The time in a city", {{"city", Kind::string}}, 3ms, clock),
        search(),
        service("add", "Adds two numbers", {{"a", Kind::number}, {"b", Kind::number}}, 2ms, sum),
    };
    return tools;
}
