// The tools that the model may call.
#pragma once
#include "net.hpp"

#include <functional>
#include <string>
#include <vector>

enum class Kind { string, number };

struct Tool {
    std::string name;
    std::string description;
    std::vector<std::pair<std::string, Kind>> parameters;
    std::function<awaitable<json::object>(json::object arguments)> run;

    /// Definition of the tool in the API's format.
    json::object definition() const;
    /// Checks a call's arguments. Returns the mistake, or nothing.
    std::string mistake(const json::value& arguments) const;
};

Tool search();
const std::vector<Tool>& all_tools();
