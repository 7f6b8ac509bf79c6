// Text, shapes and marks of the panels.
#include "app/panels/draw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <imgui_internal.h>

#include "app/window/ui_fonts.h"


namespace convscope::ui {
namespace {

/// Bytes of the UTF-8 character that starts here.
size_t character_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xE0) return 2;
    return lead < 0xF0 ? 3 : 4;
}

/// How many bytes of the text are no wider than that; whole characters.
size_t bytes_that_fit(ImFont* font, std::string_view text, float max_px) {
    size_t end = 0;
    float width = 0;
    while (end < text.size()) {
        const size_t length =
            std::min(character_length(static_cast<unsigned char>(text[end])), text.size() - end);
        width += width_of(font, text.substr(end, length));
        if (width > max_px) break;
        end += length;
    }
    return end;
}

ImDrawList& list() { return *ImGui::GetWindowDrawList(); }

float aligned_x(float x, float width, Align align) {
    if (align == Align::left) return x;
    return align == Align::center ? x - width / 2 : x - width;
}

void note_text(ImFont* font, Point at, std::string_view text) {
    auto* texts = static_cast<DrawnTexts*>(ImGui::GetIO().UserData);
    if (!texts) return;
    const ImGuiWindow& window = *ImGui::GetCurrentWindowRead();
    const ImRect clip = window.ClipRect;
    const float capitals = 0.73f * em_px(font) * ImGui::GetIO().FontGlobalScale;
    texts->push_back({std::string(text), window.RootWindow->Name, {at.x, at.y - capitals / 2, width_of(font, text), capitals},
                      {clip.Min.x, clip.Min.y, clip.GetWidth(), clip.GetHeight()}});
}

Tone mark_tone(char role) {
    if (role == 'i') return Tone::input_text;
    return role == 'k' ? Tone::kernel_text : Tone::output_text;
}

}  // namespace

float px(const PanelContext& context, float style_px) {
    return std::round(style_px * context.scale);
}

Theme theme(const PanelContext& context) { return shown_theme(context.app.state); }

ImU32 color(Color c, float alpha) { return ImGui::GetColorU32(ImVec4(c.r, c.g, c.b, c.a * alpha)); }

ImU32 color(const PanelContext& context, Tone tone, float alpha) {
    return color(palette(theme(context))[tone], alpha);
}

float width_of(ImFont* font, std::string_view text) {
    if (text.empty()) return 0;
    return font->CalcTextSizeA(font->FontSize, FLT_MAX, 0, text.data(), text.data() + text.size())
        .x;
}

void text(const PanelContext& context, ImFont* font, Tone tone, Point at, std::string_view text,
          Align align) {
    if (text.empty()) return;
    const float x = align == Align::left ? at.x : aligned_x(at.x, width_of(font, text), align);
    const ImVec2 corner(std::round(x), std::round(at.y - cap_center_px(font)));
    list().AddText(font, font->FontSize, corner, color(context, tone), text.data(),
                   text.data() + text.size());
    note_text(font, {corner.x, at.y}, text);
}

std::string fitted(ImFont* font, std::string_view text, float max_px) {
    if (width_of(font, text) <= max_px) return std::string(text);
    const float room = max_px - width_of(font, "…");
    if (room < 0) return "";
    std::string_view kept = text.substr(0, bytes_that_fit(font, text, room));
    while (kept.ends_with(' ')) kept.remove_suffix(1);
    return std::string(kept) + "…";
}

std::vector<std::string> wrapped(ImFont* font, std::string_view text, float max_px) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t newline = text.find('\n');
        const std::string_view paragraph = text.substr(0, newline);
        size_t end = bytes_that_fit(font, paragraph, max_px);
        if (end < paragraph.size()) {
            if (const size_t space = paragraph.rfind(' ', end);
                space != std::string_view::npos && space > 0)
                end = space;
            else
                end = std::max(end, character_length(static_cast<unsigned char>(paragraph[0])));
            end = std::min(end, paragraph.size());
        }
        lines.emplace_back(paragraph.substr(0, end));
        const bool is_paragraph_end = end == paragraph.size();
        if (is_paragraph_end && newline != std::string_view::npos) ++end;
        text.remove_prefix(std::min(end, text.size()));
        while (!is_paragraph_end && text.starts_with(' ')) text.remove_prefix(1);
    }
    return lines;
}

float width_of(std::span<const TextRun> runs) {
    float width = 0;
    for (const TextRun& run : runs) width += width_of(run.font, run.text);
    return width;
}

void text(const PanelContext& context, Point at, std::span<const TextRun> runs, Align align) {
    float x = aligned_x(at.x, align == Align::left ? 0 : width_of(runs), align);
    for (const TextRun& run : runs) {
        text(context, run.font, run.tone, {x, at.y}, run.text);
        x += width_of(run.font, run.text);
    }
}

std::vector<TextRun> marked_runs(ImFont* font, ImFont* bold, Tone tone, std::string_view marked) {
    std::vector<TextRun> runs;
    while (!marked.empty()) {
        size_t open = marked.find('[');
        while (open != std::string_view::npos &&
               (open + 1 >= marked.size() ||
                std::string_view("iko").find(marked[open + 1]) == std::string_view::npos))
            open = marked.find('[', open + 1);
        const size_t close = open == std::string_view::npos ? open : marked.find(']', open);
        if (close == std::string_view::npos) break;
        if (open > 0) runs.push_back({font, tone, std::string(marked.substr(0, open))});
        const char role = marked[open + 1];
        runs.push_back({role == 'o' ? bold : font, mark_tone(role),
                        std::string(marked.substr(open + 2, close - open - 2))});
        marked.remove_prefix(close + 1);
    }
    if (!marked.empty()) runs.push_back({font, tone, std::string(marked)});
    return runs;
}

void fill(const PanelContext& context, const Box& box, Tone tone, float radius_px, float alpha) {
    if (box.w <= 0 || box.h <= 0) return;
    list().AddRectFilled(low(box), high(box), color(context, tone, alpha),
                         radius_px * context.scale);
}

void frame(const PanelContext& context, const Box& box, Tone tone, float width_px,
           float radius_px) {
    if (box.w <= 0 || box.h <= 0) return;
    const float width = std::max(1.0f, std::round(width_px * context.scale));
    const Box middle = box.grown(-width / 2);
    // AddRect puts its line half a pixel inside what it is given.
    list().AddRect({middle.x - 0.5f, middle.y - 0.5f},
                   {middle.right() + 0.5f, middle.bottom() + 0.5f}, color(context, tone),
                   radius_px * context.scale, 0, width);
}

void rule(const PanelContext& context, float x0, float x1, float y, Tone tone) {
    const float width = std::max(1.0f, std::round(context.scale));
    list().AddRectFilled({x0, y}, {x1, y + width}, color(context, tone));
}

void upright(const PanelContext& context, float x, float y0, float y1, Tone tone) {
    const float width = std::max(1.0f, std::round(context.scale));
    list().AddRectFilled({x, y0}, {x + width, y1}, color(context, tone));
}

void chevron(const PanelContext& context, Point center, Direction direction, Tone tone,
             float size_px, float width_px) {
    const float s = size_px * context.scale, h = s / 2;
    std::array<ImVec2, 3> points;
    switch (direction) {
        case Direction::down: points = {{{-s, -h}, {0, h}, {s, -h}}}; break;
        case Direction::up: points = {{{-s, h}, {0, -h}, {s, h}}}; break;
        case Direction::right: points = {{{-h, -s}, {h, 0}, {-h, s}}}; break;
        case Direction::left: points = {{{h, -s}, {-h, 0}, {h, s}}}; break;
    }
    for (ImVec2& p : points) p = {p.x + center.x, p.y + center.y};
    list().AddPolyline(points.data(), 3, color(context, tone), 0, width_px * context.scale);
}

void sequence_arrow(const PanelContext& context, Point from, float length_px) {
    const float length = length_px * context.scale, head = 4.5f * context.scale;
    const float width = 1.5f * context.scale;
    const ImU32 ink = color(context, Tone::ink3);
    const ImVec2 tip(from.x + length, from.y);
    list().AddLine(vec(from), tip, ink, width);
    const std::array<ImVec2, 3> points = {
        {{tip.x - head, tip.y - head}, tip, {tip.x - head, tip.y + head}}};
    list().AddPolyline(points.data(), 3, ink, 0, width);
}

void skip_arrow(const PanelContext& context, Point from, Point to, float top_y) {
    const float width = 1.5f * context.scale, head = 3.5f * context.scale;
    const float radius = std::min({5 * context.scale, from.y - top_y, (to.x - from.x) / 2});
    const ImU32 ink = color(context, Tone::ink3);
    ImDrawList& draw = list();
    constexpr float kQuarter = 1.5707964f;
    draw.PathLineTo(vec(from));
    draw.PathArcTo({from.x + radius, top_y + radius}, radius, 2 * kQuarter, 3 * kQuarter);
    draw.PathArcTo({to.x - radius, top_y + radius}, radius, 3 * kQuarter, 4 * kQuarter);
    draw.PathLineTo(vec(to));
    draw.PathStroke(ink, 0, width);
    const std::array<ImVec2, 3> points = {
        {{to.x - head, to.y - head}, vec(to), {to.x + head, to.y - head}}};
    draw.AddPolyline(points.data(), 3, ink, 0, width);
}

void dashed_frame(const PanelContext& context, const Box& box, Tone tone, float radius_px) {
    // The outline as points a step apart, every second stretch drawn.
    const float radius = radius_px * context.scale, dash = std::max(2.0f, px(context, 3));
    const Box inner = box.grown(-0.5f);
    ImDrawList& draw = list();
    draw.PathRect({inner.x, inner.y}, {inner.right(), inner.bottom()}, radius);
    std::vector<ImVec2> corners(draw._Path.begin(), draw._Path.end());
    draw.PathClear();
    if (corners.empty()) return;
    corners.push_back(corners.front());
    const ImU32 ink = color(context, tone);
    const float width = std::max(1.0f, px(context, 1));
    float walked = 0;
    for (size_t i = 0; i + 1 < corners.size(); ++i) {
        const ImVec2 a = corners[i], b = corners[i + 1];
        const float length = std::hypot(b.x - a.x, b.y - a.y);
        for (float at = 0; at < length;) {
            const float phase = std::fmod(walked, 2 * dash);
            const float left = std::min(phase < dash ? dash - phase : 2 * dash - phase, length - at);
            const float t0 = at / length, t1 = (at + left) / length;
            if (phase < dash)
                draw.AddLine({a.x + (b.x - a.x) * t0, a.y + (b.y - a.y) * t0},
                             {a.x + (b.x - a.x) * t1, a.y + (b.y - a.y) * t1}, ink, width);
            const float step = std::max(left, 0.01f);
            at += step;
            walked += step;
        }
    }
}

void minus_sign(const PanelContext& context, Point center, Tone tone) {
    const float half = px(context, 4), width = std::max(1.0f, px(context, 2));
    const ImVec2 corner(std::round(center.x) - half, std::round(center.y - width / 2));
    list().AddRectFilled(corner, {corner.x + 2 * half, corner.y + width}, color(context, tone));
}

void plus_sign(const PanelContext& context, Point center, Tone tone) {
    minus_sign(context, center, tone);
    const float half = px(context, 4), width = std::max(1.0f, px(context, 2));
    const float middle_y = std::round(center.y - width / 2) + width / 2;
    const ImVec2 corner(std::round(center.x) - width / 2, middle_y - half);
    list().AddRectFilled(corner, {corner.x + width, corner.y + 2 * half}, color(context, tone));
}

void check_mark(const PanelContext& context, const Box& box, Tone tone) {
    const std::array<ImVec2, 3> points = {{{box.x + 0.23f * box.w, box.y + 0.52f * box.h},
                                           {box.x + 0.42f * box.w, box.y + 0.70f * box.h},
                                           {box.x + 0.77f * box.w, box.y + 0.31f * box.h}}};
    list().AddPolyline(points.data(), 3, color(context, tone), 0, 2 * context.scale);
}

float key_cap(const PanelContext& context, Point at, std::string_view keys) {
    ImFont* font = context.fonts.mono_small;
    const float width = std::round(width_of(font, keys)) + px(context, 14);
    const float height = px(context, 22);
    const Box plate{at.x - width, std::round(at.y - height / 2), width, height};
    fill(context, plate, Tone::sunken, 5);
    frame(context, plate, Tone::line2, 1, 5);
    text(context, font, Tone::ink, plate.center(), keys, Align::center);
    return plate.x;
}

void map_strip(const PanelContext& context, const Box& box, ColorMap map) {
    const bool is_signed = map == ColorMap::signed_values;
    constexpr int kSteps = 16;
    for (int i = 0; i < kSteps; ++i) {
        const auto at = [&](int step) {
            const float t = static_cast<float>(step) / kSteps;
            return color(map_color(map, is_signed ? 2 * t - 1 : t, theme(context)));
        };
        const float x0 = box.x + box.w * static_cast<float>(i) / kSteps;
        const float x1 = box.x + box.w * static_cast<float>(i + 1) / kSteps;
        list().AddRectFilledMultiColor({x0, box.y}, {x1, box.bottom()}, at(i), at(i + 1), at(i + 1),
                                       at(i));
    }
    frame(context, box, Tone::line2);
}

void plane_swatch(const PanelContext& context, const Box& box, const Tensor& tensor, Index plane,
                  float range, float part_of_map, Tone grid) {
    const Shape shape = tensor.shape();
    constexpr int64_t kMost = 24;
    const int64_t rows = std::min(shape.h, kMost), columns = std::min(shape.w, kMost);
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
            const float v =
                tensor.at({plane.n, plane.c, r * shape.h / rows, c * shape.w / columns});
            const float position = range > 0 ? std::clamp(v / range, -1.0f, 1.0f) : 0;
            const float x0 =
                std::round(box.x + box.w * static_cast<float>(c) / static_cast<float>(columns));
            const float x1 =
                std::round(box.x + box.w * static_cast<float>(c + 1) / static_cast<float>(columns));
            const float y0 =
                std::round(box.y + box.h * static_cast<float>(r) / static_cast<float>(rows));
            const float y1 =
                std::round(box.y + box.h * static_cast<float>(r + 1) / static_cast<float>(rows));
            list().AddRectFilled(
                {x0, y0}, {x1, y1},
                color(map_color(ColorMap::signed_values, position * part_of_map, theme(context))));
            if (grid != Tone::none)
                list().AddRect({x0, y0}, {x1 + 1, y1 + 1}, color(context, grid));
        }
    }
}

float largest_magnitude(std::span<const float> values) {
    float largest = 0;
    for (const float v : values)
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
    return largest;
}

std::string count_word(int64_t count) {
    static constexpr std::array kWords = {"no",   "one", "two",   "three", "four",
                                          "five", "six", "seven", "eight", "nine"};
    if (count >= 0 && count < static_cast<int64_t>(kWords.size()))
        return kWords[static_cast<size_t>(count)];
    return fmt::format("{}", count);
}

std::string counted(int64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace convscope::ui
