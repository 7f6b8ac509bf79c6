// Messages: sentences at the head of the canvas, beside the tabs, where they cover no number. What was done goes by itself, what went wrong stays until it is dismissed.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

constexpr size_t kMostShown = 3;

bool is_shown(const Message& message) { return message.error || message.shown_s < kMessageSeconds; }

}  // namespace

void draw_messages(PanelContext& context, const WindowLayout& layout) {
    std::deque<Message>& messages = context.app.state.messages;
    std::vector<size_t> shown;
    for (size_t i = messages.size(); i-- > 0 && shown.size() < kMostShown;)
        if (is_shown(messages[i])) shown.push_back(i);
    float top = layout.tabs.y + px(context, 4);
    std::optional<size_t> dismissed;
    for (size_t number = 0; number < shown.size(); ++number) {
        const size_t i = shown[number];
        const Message& message = messages[i];
        const float most = std::min(px(context, 680), layout.canvas.w - px(context, 24));
        const float side = px(context, 28), left = px(context, message.error ? 40 : 16);
        ImFont* font = context.fonts.body;
        const std::vector<std::string> lines =
            ui::wrapped(font, message.text, most - left - side - px(context, 12));
        float width = 0;
        for (const std::string& line : lines) width = std::max(width, ui::width_of(font, line));
        width = std::round(left + width + side + px(context, 12));
        const float line_h = px(context, 20),
                    height = line_h * static_cast<float>(lines.size()) + px(context, 18);
        const Box box{std::round(layout.canvas.center().x - width / 2), std::round(top), width,
                      height};
        if (box.bottom() > layout.canvas.bottom()) break;
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
        const Box cross{box.right() - side - px(context, 5), box.y + px(context, 5), side, side};
        if (ui::icon_button(context, "Dismiss", cross, "", ui::Border::none,
                            {.tooltip = "Dismiss"}))
            dismissed = i;
        ui::text(context, context.fonts.icons_small, Tone::ink3, cross.center(), icon::kClose,
                 Align::center);
        ui::end_panel();
        top = box.bottom() + px(context, 8);
    }
    if (dismissed) messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(*dismissed));
}

}  // namespace convscope
