#include "images.hpp"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>

namespace base64 = boost::beast::detail::base64;

/// Bytes of an image per event.
constexpr std::size_t part_size = 48 * 1024;

std::optional<Image> decode(std::string_view url) {
    constexpr std::string_view scheme = "data:", mark = ";base64,";
    const auto at = url.find(mark);
    if (!url.starts_with("data:image/") || at == url.npos) return {};
    const auto text = url.substr(at + mark.size());
    if (text.size() % 4 != 0) return {};
    Image image{std::string(url.substr(scheme.size(), at - scheme.size())), std::string(base64::decoded_size(text.size()), '\0')};
    const auto [written, read] = base64::decode(image.bytes.data(), text.data(), text.size());
    // It stops silently at a character that is not base64; only padding may be left.
    const auto rest = text.substr(read);
    if (written == 0 || !(rest.empty() || rest == "=" || rest == "==")) return {};
    image.bytes.resize(written);
    return image;
}

static json::array question(std::string_view message, std::string_view url) {
    json::array parts{{{"type", "text"}, {"text", message}}, {{"type", "image_url"}, {"image_url", {{"url", url}}}}};
    return {{{"role", "user"}, {"content", std::move(parts)}}};
}

static json::object event_of(const Image& image, std::size_t part, std::size_t parts) {
    const auto piece = std::string_view(image.bytes).substr(part * part_size, part_size);
    std::string data(base64::encoded_size(piece.size()), '\0');
    data.resize(base64::encode(data.data(), piece.data(), piece.size()));
    return {{"image", {{"type", image.type}, {"part", part}, {"parts", parts}, {"data", data}}}};
}

static awaitable<void> draw(Answer& answer, std::string_view url) {
    const auto image = decode(url);
    if (!image) throw std::runtime_error("the model sent a broken image");
    const auto parts = (image->bytes.size() + part_size - 1) / part_size;
    for (std::size_t part = 0; part < parts; ++part) {
        const auto event = event_of(*image, part, parts);
        co_await answer.event(event);
    }
}

awaitable<void> see(Model& model, Answer& answer, std::string message, std::string url) {
    const auto messages = question(message, url);
    const json::array no_tools;
    auto completion = co_await model.ask(messages, no_tools);
    while (auto delta = co_await completion->next()) {
        const auto* content = delta->if_contains("content");
        if (content && content->is_string() && !content->as_string().empty()) {
            const json::object event{{"content", *content}};
            co_await answer.event(event);
        }
        const auto* images = delta->if_contains("images");
        if (!images || !images->is_array()) continue;
        for (const auto& each : images->as_array()) {
            const std::string_view drawn = each.as_object().at("image_url").as_object().at("url").as_string();
            co_await draw(answer, drawn);
        }
    }
}
