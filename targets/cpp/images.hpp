// Images in and out.
#pragma once
#include "answer.hpp"
#include "model.hpp"

#include <optional>
#include <string>

struct Image {
    std::string type;
    std::string bytes;
};

/// The content of a `data:` URL; nothing if it is not that of an image.
std::optional<Image> decode(std::string_view url);

/// Answers with what the model says and draws.
awaitable<void> see(Model& model, Answer& answer, std::string message, std::string url);
