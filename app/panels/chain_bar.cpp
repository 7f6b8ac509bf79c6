// Chain bar: the input, every layer and what it gives, as cards; a click chooses the layer. At its right train and eval.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/panels/chain_cards.h"

namespace convscope {
namespace {

using ui::px;
using Kind = ChainCard::Kind;

constexpr float kCardPx = 44, kSwitchPx = 28;

Color mix(Color a, Color b, float t) {
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t, 1};
}

/// At most 24×24 cells of the plane, from the role's fill (dark: tint) to its line, or as the picture it is.
void thumbnail(const PanelContext& context, const Box& box, const ChainCard& card) {
    constexpr int64_t kMost = 24;
    const Shown& shown = context.app.state.shown;
    const Tensor& tensor = *card.tensor;
    const Shape shape = tensor.shape();
    if (shape.count() == 0) return;
    const Role role = card.kind == Kind::input ? Role::input : Role::output;
    const int64_t n = std::clamp<int64_t>(shown.n, 0, shape.n - 1);
    const int64_t c =
        role == Role::output ? std::clamp<int64_t>(shown.out_channel, 0, shape.c - 1) : 0;
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
    const Color from = tones[tone_of(role, is_dark(theme) ? Part::tint : Part::fill)];
    const Color to = tones[tone_of(role, Part::line)];
    const auto colour = [&](int64_t r, int64_t q) -> Color {
        if (card.is_image && shape.c >= 3 && role == Role::input)
            return {std::clamp(value(0, r, q), 0.0f, 1.0f), std::clamp(value(1, r, q), 0.0f, 1.0f),
                    std::clamp(value(2, r, q), 0.0f, 1.0f), 1};
        const float v = value(c, r, q);
        if (!std::isfinite(v)) return tones[Tone::error_fill];
        if (card.is_image && role == Role::input) return map_color(ColorMap::grey, v, theme);
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


void tensor_card(PanelContext& context, const ChainCard& card, const Box& box, const ui::Item& it) {
    const float middle = box.center().y;
    if (it.hovered) ui::fill(context, box, Tone::hover, 8);
    float x = box.x + px(context, 6);
    if (card.tensor) {
        const float side = px(context, 32);
        thumbnail(context, {x, std::round(middle - side / 2), side, side}, card);
        x += side + px(context, 8);
    }
    const bool is_one_line = card.name.empty();
    if (!is_one_line)
        ui::text(context, context.fonts.body_bold, card.name_tone, {x, middle - px(context, 8.5f)},
                 card.name);
    ui::text(context, context.fonts.mono_small, card.detail_tone,
             {x, is_one_line ? middle : middle + px(context, 9)}, card.detail);
}

void layer_card(PanelContext& context, const ChainCard& card, const Box& box, const ui::Item& it) {
    ui::fill(context, box, it.hovered && !card.is_chosen ? Tone::hover : Tone::raised, 8);
    const Tone border = card.is_impossible ? Tone::error_line
                        : card.is_chosen   ? Tone::ink
                                           : Tone::line2;
    ui::frame(context, box, border, card.is_impossible || card.is_chosen ? 2 : 1, 8);
    const float x = box.x + px(context, 12), middle = box.center().y;
    if (card.detail.empty()) {
        ui::text(context, context.fonts.body_bold, card.name_tone, {x, middle}, card.name);
        return;
    }
    ui::text(context, context.fonts.body_bold, card.name_tone, {x, middle - px(context, 8.5f)},
             card.name);
    ui::text(context, context.fonts.mono_small, card.detail_tone, {x, middle + px(context, 9)},
             card.detail);
}

/// An arrow, with the shape over it where there is room for one.
void link_card(PanelContext& context, const ChainCard& card, const Box& box, Density density,
               const ui::Item& it) {
    const float middle = box.y + std::floor(box.h / 2) + 0.5f;
    if (it.hovered) ui::fill(context, box, Tone::hover, 8);
    if (density == Density::arrows) {
        ui::sequence_arrow(context, {box.x, middle}, 16);
        return;
    }
    ui::text(context, context.fonts.mono_small, card.detail_tone,
             {box.center().x, middle - px(context, 10)}, card.detail, Align::center);
    ui::sequence_arrow(context, {box.x + px(context, 2), middle}, (box.w - px(context, 4)) / context.scale);
}

void run_card(PanelContext& context, const ChainCard& card, const Box& box, const ui::Item& it) {
    const float middle = box.center().y, height = px(context, 24);
    const Box pill{box.x, std::round(middle - height / 2), box.w, height};
    ui::fill(context, pill, it.hovered ? Tone::hover : Tone::raised, 12);
    ui::frame(context, pill, Tone::line2, 1, 12);
    ui::text(context, context.fonts.mono_small, Tone::ink2, {pill.x + px(context, 10), middle},
             card.detail);
    ui::chevron(context, {pill.right() - px(context, 12), middle},
                card.is_open ? ui::Direction::left : ui::Direction::right, Tone::ink2, 3.5f);
}

/// A dashed square with a plus.
void add_card(PanelContext& context, const Box& box, const ui::Item& it) {
    if (it.hovered) ui::fill(context, box, Tone::hover, 6);
    ui::dashed_frame(context, box, it.hovered ? Tone::ink3 : Tone::line2, 6);
    ui::plus_sign(context, box.center(), Tone::ink2);
}

void press(PanelContext& context, const ChainCard& card) {
    App& app = context.app;
    std::vector<int>& open = app.state.open_runs;
    switch (card.kind) {
        case Kind::add: open_add_list(); return;
        case Kind::run:
            if (card.is_open)
                std::erase(open, card.layer);
            else
                open.push_back(card.layer);
            return;
        default: choose_layer(app, card.layer);
    }
}

void draw_card(PanelContext& context, const ChainRow& row, const ChainCard& card, const Box& box) {
    const bool is_add = card.kind == Kind::add;
    const Command* add = is_add ? find_command("Add layer") : nullptr;
    const ui::Item it = ui::item(context, card.label.c_str(), box,
                                 {.enabled = !add || is_enabled(*add, context.app),
                                  .tooltip = card.help,
                                  .keys = add ? "Insert" : ""});
    if (card.draws_arrow)
        ui::sequence_arrow(context,
                           {box.x - px(context, 4 + 16), box.y + std::floor(box.h / 2) + 0.5f}, 16);
    switch (card.kind) {
        case Kind::layer: layer_card(context, card, box, it); break;
        case Kind::run: run_card(context, card, box, it); break;
        case Kind::add: add_card(context, box, it); break;
        case Kind::between:
            if (row.density >= Density::links)
                link_card(context, card, box, row.density, it);
            else
                tensor_card(context, card, box, it);
            break;
        case Kind::input:
        case Kind::output: tensor_card(context, card, box, it); break;
    }
    if (it.focused) ui::focus_ring(context, box.grown(px(context, 3)), 10);
    if (it.pressed) press(context, card);
    if (card.kind == Kind::layer && it.hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Right)) {
        choose_layer(context.app, card.layer);
        open_layer_menu();
    }
}

/// A quiet ground under the layers of a run and the card that folds them.
void draw_grounds(const PanelContext& context, const ChainRow& row, float row_x, const Box& cards) {
    for (size_t r = 0; r < row.runs.size(); ++r) {
        float from = 0, to = -1;
        for (const ChainCard& card : row.cards) {
            if (card.run != static_cast<int>(r)) continue;
            if (to < 0) from = card.x;
            to = card.x + card.width;
        }
        if (to < 0) continue;
        const float pad = px(context, 6);
        ui::fill(context, {row_x + from - pad, cards.y - px(context, 4), to - from + 2 * pad,
                           cards.h + px(context, 8)},
                 Tone::sunken, 11);
    }
}

/// A skip connection: over the layers from where it starts to where it ends, an arrow down into it.
void draw_skips(PanelContext& context, const ChainRow& row, float row_x, const Box& bar, const Box& cards) {
    const auto& layers = context.app.state.document.layers;
    float busy_until[2] = {-1e9f, -1e9f};
    for (const ChainCard& card : row.cards) {
        if (card.kind != Kind::layer) continue;
        const int64_t skip = layers[static_cast<size_t>(card.layer)].skip;
        if (skip <= 0 || skip > card.layer + 1) continue;
        const int from = card.layer + 1 - static_cast<int>(skip);
        const ChainCard* start = card_of_layer(row, from);
        if (!start || start->x > card.x) continue;
        const float x0 = row_x + start->x + px(context, start->kind == Kind::run ? 16 : 9),
                    x1 = row_x + card.x + card.width - px(context, 9);
        const int lane = x0 < busy_until[0] && x0 >= busy_until[1] ? 1 : 0;
        busy_until[lane] = x1;
        const float top = bar.y + px(context, lane == 0 ? 5.5f : 2.5f), bottom = cards.y;
        ui::skip_arrow(context, {x0, bottom}, {x1, bottom}, top);
        ui::hover_help(context, {x0, bar.y, x1 - x0, bottom - bar.y},
                       fmt::format("Skip connection: the input of {} {} is added to the output of {} {}",
                                   layers[static_cast<size_t>(from)].op->torch_name, from + 1,
                                   layers[static_cast<size_t>(card.layer)].op->torch_name,
                                   card.layer + 1));
    }
}

/// What of the row is in sight, between the ends that scroll it on.
struct Sight {
    float x0 = 0, x1 = 0;
    float moved_px = 0;  // an end was pressed
};

/// An end of a row that goes on: pressed, it scrolls.
bool row_end(PanelContext& context, const char* label, const Box& box, ui::Direction direction,
             const char* help) {
    const ui::Item it = ui::item(context, label, box, {.repeats = true, .tooltip = help});
    if (it.hovered) ui::fill(context, box, Tone::hover, 6);
    if (it.focused) ui::focus_ring(context, box);
    ui::chevron(context, box.center(), direction, Tone::ink2);
    return it.pressed;
}

Sight row_ends(PanelContext& context, const ChainRow& row, const Box& cards) {
    Sight sight{cards.x, cards.right(), 0};
    const float at = ImGui::GetScrollX(), most = row.end - cards.w;
    const float width = px(context, 22), page = std::round(cards.w * 0.7f);
    if (most > 0 && at > 0.5f) {
        sight.x0 += width;
        if (row_end(context, "Earlier layers", {cards.x, cards.y, width, cards.h},
                    ui::Direction::left, "Layers before these"))
            sight.moved_px = -page;
    }
    if (most > 0 && at < most - 0.5f) {
        sight.x1 -= width;
        if (row_end(context, "Later layers", {sight.x1, cards.y, width, cards.h},
                    ui::Direction::right, "Layers behind these"))
            sight.moved_px = page;
    }
    return sight;
}

/// The chosen card comes into view when another one is chosen or the chain changed; the wheel scrolls.
void scroll(const PanelContext& context, const ChainRow& row, float room_px, float moved_px) {
    ImGuiStorage* storage = ImGui::GetStateStorage();
    const ImGuiID layer_id = ImGui::GetID("shown layer"), count_id = ImGui::GetID("shown cards");
    const float most = std::max(0.0f, row.end - room_px), margin = px(context, 48);
    const int layer = context.app.state.layer, count = static_cast<int>(row.cards.size());
    float at = ImGui::GetScrollX() + moved_px;
    if (storage->GetInt(layer_id, -1) != layer || storage->GetInt(count_id, -1) != count) {
        storage->SetInt(layer_id, layer);
        storage->SetInt(count_id, count);
        if (const ChainCard* card = card_of_layer(row, layer))
            at = std::min(std::max(at, card->x + card->width + margin - room_px),
                          std::max(0.0f, card->x - margin));
    }
    if (ImGui::IsWindowHovered())
        at -= (ImGui::GetIO().MouseWheel + ImGui::GetIO().MouseWheelH) * px(context, 60);
    ImGui::SetScrollX(std::clamp(at, 0.0f, most));
}

/// Train and eval at the right end; gives where it begins.
float mode_switch(PanelContext& context, const Box& bar) {
    App& app = context.app;
    const std::vector<std::string> modes{"train", "eval"};
    const float height = px(context, kSwitchPx),
                width = std::max(px(context, 118), ui::segmented_width(context, modes));
    const Box box{bar.right() - px(context, 16) - width,
                  bar.y + std::round((bar.h - height) / 2), width, height};
    ui::fill(context, {box.x - px(context, 12), bar.y, bar.right() - box.x + px(context, 12), bar.h},
             Tone::panel);
    const bool training = app.state.document.training;
    const auto pressed = ui::segmented(context, box, modes, training ? 0 : 1, true);
    ui::hover_help(context, box,
                   "Train mode uses the statistics of the batch, eval mode the running ones", "T");
    if (pressed && (*pressed == 0) != training) {
        Document next = app.state.document;
        next.training = *pressed == 0;
        edit(app, std::move(next));
    }
    return box.x - px(context, 12);
}

}  // namespace

void draw_chain_bar(PanelContext& context, const WindowLayout& layout) {
    const Box& bar = layout.chain;
    ui::begin_panel(context, "Chain", bar, Tone::panel);
    const float right = mode_switch(context, bar), room = right - bar.x;
    const ChainRow row = make_chain_row(context, room);
    const float row_x = std::round(bar.x - ImGui::GetScrollX());
    const float height = px(context, kCardPx);
    const Box cards{bar.x, bar.y + std::round((bar.h - height) / 2), room, height};
    const Sight sight = row_ends(context, row, cards);
    ImGui::PushClipRect({sight.x0, bar.y}, {sight.x1, bar.bottom()}, true);
    draw_grounds(context, row, row_x, cards);
    Box add, chosen{cards.x, cards.y, 0, cards.h};
    for (const ChainCard& card : row.cards) {
        Box box{row_x + card.x, cards.y, card.width, cards.h};
        if (card.kind == Kind::add) {
            box = {box.x, std::round(cards.center().y - box.w / 2), box.w, box.w};
            add = box;
        }
        if (card.kind == Kind::layer && card.is_chosen) chosen = box;
        draw_card(context, row, card, box);
    }
    draw_skips(context, row, row_x, bar, cards);
    ImGui::PopClipRect();
    const auto in_bar = [&](Box box) {
        box.x = std::clamp(box.x, bar.x, std::max(bar.x, right - px(context, 40)));
        return box;
    };
    chain_lists(context, in_bar(add), in_bar(chosen));
    // The switch covers the end of what scrolls.
    ImGui::SetCursorScreenPos({row_x + row.end + (bar.right() - right), bar.y});
    ImGui::Dummy({0, 0});
    scroll(context, row, room, sight.moved_px);
    ui::rule(context, bar.x, bar.right(), bar.bottom() - std::max(1.0f, px(context, 1)));
    ui::end_panel();
}

}  // namespace convscope
