// Messages: sentences at the head of the canvas, beside the tabs, where they cover no number. What was done goes by itself,
// what went wrong stays until it is dismissed. What offers something stays until that is done, at the foot of the canvas.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

constexpr size_t kMostShown = 3;

bool is_possible(const App& app, const std::string& label) {
    const Command* command = find_command(label);
    return command && is_enabled(*command, app);
}

/// What it offers was done meanwhile, by a key or another window's button.
bool is_over(const App& app, const Message& message) {
    return !message.offers.empty() &&
           std::ranges::none_of(message.offers, [&](const std::string& label) { return is_possible(app, label); });
}

bool is_shown(const Message& message) {
    return message.error || !message.offers.empty() || message.shown_s < kMessageSeconds;
}

float offers_width(const PanelContext& context, const Message& message) {
    float width = 0;
    for (const std::string& label : message.offers)
        width += std::round(ui::width_of(context.fonts.body, label)) + px(context, 28 + 8);
    return width;
}

/// The buttons; the first is what most people want.
const Command* offers(PanelContext& context, const Message& message, Point at) {
    const Command* pressed = nullptr;
    for (const std::string& label : message.offers) {
        const Box box{at.x, at.y, std::round(ui::width_of(context.fonts.body, label)) + px(context, 28), px(context, 28)};
        const bool is_first = &label == &message.offers.front();
        if (ui::button(context, label.c_str(), box, is_first ? ui::Weight::primary : ui::Weight::plain,
                       is_possible(context.app, label)))
            pressed = find_command(label);
        at.x = box.right() + px(context, 8);
    }
    return pressed;
}

}  // namespace

void draw_messages(PanelContext& context, const WindowLayout& layout) {
    std::deque<Message>& messages = context.app.state.messages;
    std::erase_if(messages, [&](const Message& message) { return is_over(context.app, message); });
    const Command* chosen = nullptr;
    std::vector<size_t> shown;
    for (size_t i = messages.size(); i-- > 0 && shown.size() < kMostShown;)
        if (is_shown(messages[i])) shown.push_back(i);
    float top = layout.tabs.y + px(context, 4), foot = layout.canvas.bottom() - px(context, 4);
    std::optional<size_t> dismissed;
    for (size_t number = 0; number < shown.size(); ++number) {
        const size_t i = shown[number];
        const Message& message = messages[i];
        const bool has_offers = !message.offers.empty();
        const float most = std::min(px(context, has_offers ? 860 : 680), layout.canvas.w - px(context, 24));
        const float side = px(context, 28), left = px(context, message.error ? 40 : 16), end = side + px(context, 12);
        const float buttons_w = offers_width(context, message);
        ImFont* font = context.fonts.body;
        // Buttons stand behind a short sentence, under a long one.
        const bool one_row = left + ui::width_of(font, message.text) + px(context, 12) + buttons_w + end <= most;
        const std::vector<std::string> lines = ui::wrapped(font, message.text, most - left - end);
        float width = 0;
        for (const std::string& line : lines) width = std::max(width, ui::width_of(font, line));
        width = one_row && has_offers ? width + px(context, 12) + buttons_w : std::max(width, buttons_w);
        width = std::round(left + width + end);
        const float line_h = px(context, 20), offers_h = has_offers && !one_row ? px(context, 28 + 10) : 0,
                    height = line_h * static_cast<float>(lines.size()) + px(context, 18) + offers_h;
        // Over the tabs' empty end as far as there is one; the tools behind it stay free.
        const float middle = layout.canvas.center().x - width / 2;
        const float x = has_offers ? middle : std::max(middle, layout.canvas.right() - px(context, 150) - width);
        const Box box{std::round(x), std::round(has_offers ? foot - height : top), width,
                      height};
        if (box.bottom() > layout.canvas.bottom() || box.y < layout.tabs.y) break;
        // Names stay with a message's place in the row, so that scripts can dismiss the newest.
        const std::string window = fmt::format("Message {}", number + 1);
        ui::begin_panel(context, window.c_str(), box, Tone::none, ui::Scrolls::no, true);
        ui::fill(context, box, message.error ? Tone::error_tint : Tone::raised, 8);
        ui::frame(context, box, message.error ? Tone::error_edge : Tone::line2, 1, 8);
        if (message.error)
            ui::text(context, context.fonts.icons, Tone::error_line,
                     {box.x + px(context, 22), box.y + px(context, 9) + line_h / 2}, icon::kWarning,
                     Align::center);
        float y = box.y + px(context, 9) + line_h / 2;
        for (const std::string& line : lines) {
            ui::text(context, font, Tone::ink, {box.x + left, y}, line);
            y += line_h;
        }
        const Point buttons = one_row ? Point{box.right() - end - buttons_w, box.y + px(context, 5)}
                                      : Point{box.x + left, box.bottom() - offers_h - px(context, 2)};
        if (const Command* pressed = offers(context, message, buttons)) chosen = pressed;
        const Box cross{box.right() - side - px(context, 5), box.y + px(context, 5), side, side};
        if (ui::icon_button(context, "Dismiss", cross, "", ui::Border::none,
                            {.tooltip = "Dismiss"}))
            dismissed = i;
        ui::text(context, context.fonts.icons_small, Tone::ink3, cross.center(), icon::kClose,
                 Align::center);
        ui::end_panel();
        if (has_offers) foot = box.y - px(context, 8);
        else top = box.bottom() + px(context, 8);
    }
    if (chosen) run(*chosen, context.app);
    else if (dismissed) messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(*dismissed));
}

}  // namespace convscope
