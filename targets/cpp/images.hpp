// Image input and output.
#pragma once
#include "answer.hpp"
#include "model.hpp"

#include <optional>
#include <string>

struct Image {
    std::string type;
    std::string bytes;
};

/// Returns the content of an image's `data:` URL, or nothing if the URL is not one.
std::optional<Image> decode(std::string_view url);

/// Answers with the model's text and images.
awaitable<void> see(Model& model, Answer& answer, std::string message, std::string url);
