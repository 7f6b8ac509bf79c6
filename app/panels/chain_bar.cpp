// Chain bar: the input, every layer and what it gives, as cards; a click chooses the layer.
#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/panels/widgets.h"

namespace convscope {
namespace {

using ui::px;

/// One tensor or layer of the chain, laid out from left to right.
struct Card {
    std::string label;  // what scripts call it
    std::string name, detail;
    Tone name_tone = Tone::ink, detail_tone = Tone::ink2;
    const Tensor* tensor = nullptr;  // of a tensor's thumbnail
    Role role = Role::neutral;
    bool is_image = false, is_layer = false, has_thumbnail = false;
    bool is_chosen = false, is_impossible = false;
    int layer = 0;
    std::string help;
    float width = 0;
};

Color mix(Color a, Color b, float t) {
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t, 1};
}

/// At most 24×24 cells of the plane, from the role's fill (dark: tint) to its line, or as the picture it is.
void thumbnail(const PanelContext& context, const Box& box, const Card& card) {
    constexpr int64_t kMost = 24;
    const Shown& shown = context.app.state.shown;
    const Tensor& tensor = *card.tensor;
    const Shape shape = tensor.shape();
    if (shape.count() == 0) return;
    const int64_t n = std::clamp<int64_t>(shown.n, 0, shape.n - 1);
    const int64_t c =
        card.role == Role::output ? std::clamp<int64_t>(shown.out_channel, 0, shape.c - 1) : 0;
    const int64_t rows = std::min(shape.h, kMost), columns = std::min(shape.w, kMost);
    const auto value = [&](int64_t channel, int64_t row, int64_t column) {
        return tensor.at({n, channel, row * shape.h / rows, column * shape.w / columns});
    };
    float least = INFINITY, most = -INFINITY;
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t q = 0; q < columns; ++q)
            if (const float v = value(c, r, q); std::isfinite(v)) {
                least = std::min(least, v);
                most = std::max(most, v);
            }
    const Theme theme = ui::theme(context);
    const Palette& tones = palette(theme);
    const Color from = tones[tone_of(card.role, theme == Theme::light ? Part::fill : Part::tint)];
    const Color to = tones[tone_of(card.role, Part::line)];
    const auto colour = [&](int64_t r, int64_t q) -> Color {
        if (card.is_image && shape.c >= 3 && card.role == Role::input)
            return {std::clamp(value(0, r, q), 0.0f, 1.0f), std::clamp(value(1, r, q), 0.0f, 1.0f),
                    std::clamp(value(2, r, q), 0.0f, 1.0f), 1};
        const float v = value(c, r, q);
        if (!std::isfinite(v)) return tones[Tone::error_fill];
        if (card.is_image && card.role == Role::input) return map_color(ColorMap::grey, v, theme);
        if (card.is_image) {
            const float range = std::max(std::abs(least), std::abs(most));
            return map_color(ColorMap::signed_values, range > 0 ? v / range : 0, theme);
        }
        return mix(from, to, most > least ? (v - least) / (most - least) : 0.5f);
    };
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const auto edge = [](float start, float size, int64_t i, int64_t count) {
        return std::round(start + size * static_cast<float>(i) / static_cast<float>(count));
    };
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t q = 0; q < columns; ++q)
            list.AddRectFilled(
                {edge(box.x, box.w, q, columns), edge(box.y, box.h, r, rows)},
                {edge(box.x, box.w, q + 1, columns), edge(box.y, box.h, r + 1, rows)},
                ui::color(colour(r, q)));
    if (card.is_image) ui::frame(context, box, Tone::line2);
}

std::vector<Card> cards_of(const PanelContext& context) {
    const State& state = context.app.state;
    const bool is_image = std::holds_alternative<FromImage>(state.document.input.origin);
    std::vector<Card> cards;
    Card input;
    input.label = input.name = "Input";
    input.detail = to_string(state.document.input.tensor.shape());
    input.name_tone = Tone::input_text;
    input.tensor = &state.document.input.tensor;
    input.role = Role::input;
    input.is_image = is_image;
    input.has_thumbnail = true;
    input.help = "The input, batch × channels × height × width";
    cards.push_back(input);
    const int layers = static_cast<int>(state.document.layers.size());
    for (int i = 0; i < layers; ++i) {
        const Layer& layer = state.document.layers[static_cast<size_t>(i)];
        if (!layer.op) continue;
        Card card;
        card.label = fmt::format("{} {}", layer.op->torch_name, i + 1);
        card.name = layer.op->torch_name;
        card.detail = layer.op->card(layer.params);
        card.is_layer = true;
        card.layer = i;
        card.is_chosen = i == state.layer;
        card.is_impossible = state.problem.has_value() && state.problem_layer == i;
        card.detail_tone = card.is_impossible ? Tone::error_text : Tone::ink2;
        card.help = layer.op->summary;
        cards.push_back(card);

        Card output;
        const bool is_last = i + 1 == layers;
        output.label = is_last ? "Output" : fmt::format("Output {}", i + 1);
        output.name = is_last ? "Output" : "";
        output.name_tone = Tone::output_text;
        output.role = Role::output;
        output.is_image = is_image;
        output.layer = i;
        const bool is_computed =
            state.result && static_cast<size_t>(i) < state.result->layers.size();
        if (state.problem && state.problem_layer <= i) {
            output.detail = "none";
            output.help = "There is no output: the layer is impossible as it is";
        } else if (is_computed) {
            output.tensor = &state.result->layers[static_cast<size_t>(i)].output();
            output.has_thumbnail = !output.tensor->empty();
            output.detail = to_string(output.tensor->shape());
            output.help = is_last ? "The output, batch × channels × height × width"
                                  : "What goes from one layer to the next";
        } else {
            output.detail = "…";
            output.help = "Being computed";
        }
        cards.push_back(output);
    }
    return cards;
}

/// Sets the cards' widths; gives where the last one ends.
float measure(const PanelContext& context, std::vector<Card>& cards) {
    float x = px(context, 16);
    for (size_t i = 0; i < cards.size(); ++i) {
        Card& card = cards[i];
        card.name = ui::fitted(context.fonts.body_bold, card.name, px(context, 200));
        card.detail = ui::fitted(context.fonts.mono_small, card.detail, px(context, 200));
        const float text =
            std::round(std::max(ui::width_of(context.fonts.body_bold, card.name),
                                ui::width_of(context.fonts.mono_small, card.detail)));
        card.width = card.is_layer
                         ? text + px(context, 24)
                         : text + px(context, card.has_thumbnail ? 6 + 32 + 8 + 10 : 6 + 10);
        x += card.width;
        if (i + 1 < cards.size()) x += px(context, 8 + 16 + 4);
    }
    return x + px(context, 16);
}

void draw_card(PanelContext& context, const Card& card, const Box& box) {
    const ui::Item it = ui::item(context, card.label.c_str(), box, {.tooltip = card.help});
    const float middle = box.center().y;
    float text_x = box.x + px(context, 12);
    if (card.is_layer) {
        ui::fill(context, box, it.hovered && !card.is_chosen ? Tone::hover : Tone::raised, 8);
        const Tone border = card.is_impossible ? Tone::error_line
                            : card.is_chosen   ? Tone::ink
                                               : Tone::line2;
        ui::frame(context, box, border, card.is_impossible || card.is_chosen ? 2 : 1, 8);
    } else {
        if (it.hovered) ui::fill(context, box, Tone::hover, 8);
        text_x = box.x + px(context, 6);
        if (card.has_thumbnail) {
            const float side = px(context, 32);
            thumbnail(context, {text_x, std::round(middle - side / 2), side, side}, card);
            text_x += side + px(context, 8);
        }
    }
    if (it.focused) ui::focus_ring(context, box.grown(px(context, 3)), 10);
    const bool is_one_line = card.name.empty();
    if (!is_one_line)
        ui::text(context, context.fonts.body_bold, card.name_tone,
                 {text_x, middle - px(context, 8.5f)}, card.name);
    ui::text(context, context.fonts.mono_small, card.detail_tone,
             {text_x, is_one_line ? middle : middle + px(context, 9)}, card.detail);
    if (it.pressed) choose_layer(context.app, card.layer);
}

/// The chosen card comes into view when another one is chosen; the wheel scrolls.
void scroll(const PanelContext& context, const Box& bar, float chosen_x, float chosen_w,
            float end) {
    ImGuiStorage* storage = ImGui::GetStateStorage();
    const ImGuiID id = ImGui::GetID("shown layer");
    const float most = std::max(0.0f, end - bar.w);
    float at = ImGui::GetScrollX();
    if (storage->GetInt(id, -1) != context.app.state.layer) {
        storage->SetInt(id, context.app.state.layer);
        at = std::min(std::max(at, chosen_x + chosen_w + px(context, 40) - bar.w),
                      std::max(0.0f, chosen_x - px(context, 40)));
    }
    if (ImGui::IsWindowHovered())
        at -= (ImGui::GetIO().MouseWheel + ImGui::GetIO().MouseWheelH) * px(context, 60);
    ImGui::SetScrollX(std::clamp(at, 0.0f, most));
}

}  // namespace

void draw_chain_bar(PanelContext& context, const WindowLayout& layout) {
    const Box& bar = layout.chain;
    ui::begin_panel(context, "Chain", bar, Tone::panel);
    std::vector<Card> cards = cards_of(context);
    const float end = measure(context, cards);
    const float origin = bar.x - ImGui::GetScrollX();
    const float h = px(context, 44), y = bar.y + std::round((bar.h - h) / 2);
    float x = origin + px(context, 16), chosen_x = 0, chosen_w = 0;
    for (size_t i = 0; i < cards.size(); ++i) {
        if (cards[i].is_chosen) {
            chosen_x = x - origin;
            chosen_w = cards[i].width;
        }
        draw_card(context, cards[i], {x, y, cards[i].width, h});
        x += cards[i].width;
        if (i + 1 == cards.size()) break;
        x += px(context, 8);
        ui::sequence_arrow(context, {x, y + std::floor(h / 2) + 0.5f}, 16);
        x += px(context, 16 + 4);
    }
    ImGui::SetCursorScreenPos({origin + end, bar.y});
    ImGui::Dummy({0, 0});
    scroll(context, bar, chosen_x, chosen_w, end);
    ui::rule(context, bar.x, bar.right(), bar.bottom() - std::max(1.0f, px(context, 1)));
    ui::end_panel();
}

}  // namespace convscope
