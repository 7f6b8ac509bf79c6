// Draws what a person might do: on widgets, cells and bare places, with all keys, hostile texts, files and sizes.
#include "tests/person/random_person.h"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_internal.h>

#include "app/commands.h"
#include "core/presets.h"

namespace convscope {
namespace {

/// Multiply-adds of a document that the person has no patience for.
constexpr double kTooSlow = 2e8;

const std::vector<std::string> kTyped{
    "0", "1", "2", "3", "5", "7", "-1", "−2", "64", "0.5", "-0", "1e-45", "1e38", "1e39", "-1e300", "nan", "inf", "-inf", "NaN",
    "99999999999999999999", "-9223372036854775808", "9223372036854775807", "2147483648", "4096", "0x10", "1/0", "1e", "+", ".",
    "3 1", "3x1", "(3, 1)", "3×1", "(0, 0)", "(99999999999, 1)", "[1, 2]", "same", "valid", "none", "None", "true", "reflect",
    "stride 2", "relu", "ünïcödé", "日本", "\xF0\x9F\x98\x80", "\xCC\x81", "%s%n", "\\", "a b c d", "4096x4096", "1e5x1"};

const std::vector<std::string> kPasted{
    "1\t2\n3\t4", "1,2,3\n4,5,6\n7,8,9", "1", "", " ", "\n\n", "1 2\n3", "nan inf\n-inf 1e39", "1e400\t2", "[[1,2],[3,4]]",
    "[[[1,2],[3,4]],[[5,6],[7,8]]]", "[[1,2],[3]]", "[[[[[1]]]]]", "tensor([[1., 2.]])", "torch.arange(9.).view(3, 3)",
    "torch.zeros(99999999, 99999999)", "torch.randn(1, 3, 8, 8)", "nn.Conv2d(1, 1, 3)", "nn.Conv2d(1, 1, 3, strid=2)",
    "nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, stride=2))",
    "nn.ConvTranspose2d(3, 2, 4, stride=3, padding=2, output_padding=1, dilation=2)", "nn.Conv2d(1, 1, 99999999)",
    "nn.Conv2d(-1, 1, 3)", "nn.MaxPool2d(3, 2, 1, ceil_mode=True)", "nn.Upsample(scale_factor=1e300)", "nn.Upsample(scale_factor=nan)",
    "nn.Sequential(", "nn.Sequential()", "nn.Linear(3, 4)", "{\"convscope\": 1}", "{", "日本\t1", "1;2;3", "1e-46,−3"};

const std::vector<std::string> kKeys{
    "Tab", "Tab", "Shift+Tab", "Enter", "Enter", "Esc", "Esc", "Space", "Left", "Right", "Up", "Down", "Home", "End", "PageUp", "PageDown",
    "Delete", "Backspace", "Insert", "Ctrl+A", "Ctrl+X", "Ctrl+C", "Ctrl+V", "Ctrl+Z", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z", "Ctrl+Enter",
    "Shift+Enter", "Menu", "F2", "F6", "F10", "Plus", "Minus", "0", "9", "Period", "Ctrl+Tab", "Shift+Down", "Ctrl+Up", "Alt+Left"};

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') out += "\\n";
        else if (c == '\t') out += "\\t";
        else if (c != '\0' && c != '\r') out += c;
    }
    return out + '"';
}

std::string place_of(Point at, float scale) {
    return fmt::format("window {:.2f},{:.2f}", at.x / scale, at.y / scale);
}

/// Would end the window.
bool is_quit(std::string_view name) { return name == "Quit"; }

/// Root of the popup in front; 0: none is open.
uint32_t front_popup() {
    const auto& popups = ImGui::GetCurrentContext()->OpenPopupStack;
    for (int i = popups.Size - 1; i >= 0; --i)
        if (popups[i].Window) return popups[i].Window->RootWindow->ID;
    return 0;
}

}  // namespace

RandomPerson::RandomPerson(uint64_t seed, std::string folder, std::vector<std::string> files)
    : random_(seed), folder_(std::move(folder)), files_(std::move(files)) {}

std::string RandomPerson::next(Frame& frame) {
    const App& app = frame.app();
    // Whoever looks into another folder than the person's own is called back, before anything is written there.
    const Popups& popups = app.state.popups;
    if (popups.file_dialog && !popups.file.folder.starts_with(folder_)) {
        planned_.clear();
        return "key Esc";
    }
    const bool slow = !settled(app) && app.terms > kTooSlow;
    if (slow && !hurries_) {
        planned_.clear();
        hurries_ = true;
        return "hurry";
    }
    if (slow) return chance(0.3) ? "do \"Stop computing\"" : chance(0.5) ? "do Undo" : "example \"Emboss on random integers\"";
    if (hurries_ ? chance(0.04) : chance(settled(app) ? 0.1 : 0.7)) {
        hurries_ = !hurries_;
        return hurries_ ? "hurry" : "hurry no";
    }
    if (planned_.empty()) return draw(frame);
    std::string line = planned_.front();
    planned_.pop_front();
    return line;
}

std::string RandomPerson::draw(Frame& frame) {
    const auto typed = [&] { return "type " + quoted(any_of(kTyped)); };
    struct Deed {
        int weight;
        std::function<std::string()> line;
    };
    const std::vector<Deed> deeds{
        {24, [&] {
             const std::string verb = chance(0.8) ? "click " : chance(0.4) ? "double click " : chance(0.7) ? "right click " : "middle click ";
             return verb + widget(frame);
         }},
        {8, [&] {                                                  // another value in a field
             planned_ = {"key Ctrl+A", typed(), chance(0.7) ? "key Enter" : chance(0.5) ? "key Tab" : "key Esc"};
             return (chance(0.7) ? "click " : "double click ") + widget(frame);
         }},
        {8, [&] {                                                  // a number in a cell
             planned_ = {typed(), chance(0.5) ? "key Enter" : "key " + any_of(kKeys)};
             return "click " + cell(frame);
         }},
        {5, [&] { return (chance(0.6) ? "click " : chance(0.5) ? "right click " : "double click ") + cell(frame); }},
        {4, [&] { return (chance(0.7) ? "click " : "right click ") + place(frame); }},
        {5, [&] { return "hover " + anything(frame); }},
        {14, [&] { return "key " + chord(); }},
        {2, [&] { return fmt::format("key {} {}", chance(0.5) ? "Ctrl+Z" : "Ctrl+Y", number(2, 12)); }},   // a storm
        {2, [&] { return fmt::format("key {} {}", any_of(std::vector<std::string>{"Right", "Left", "Tab", "Shift+Right", "B", "Plus"}), number(2, 12)); }},
        {4, typed},
        {6, [&] {
             const Command& command = any_of(all_commands());
             return is_quit(command.label) ? std::string("do Play") : "do " + quoted(command.label);
         }},
        {5, [&] {
             const std::string button = chance(0.7) ? "" : chance(0.5) ? "left " : chance(0.5) ? "right " : "middle ";
             if (chance(0.3)) return fmt::format("{}drag {} {}", button, anything(frame), cell(frame));
             const int64_t far = chance(0.1) ? 600 : 60;
             return fmt::format("{}drag {} {} {}", button, anything(frame), number(-far, far), number(-far, far));
         }},
        {5, [&] { return fmt::format("wheel {} {}", anything(frame), chance(0.9) ? number(-4, 4) : number(-40, 40)); }},
        {4, [&] {
             if (holds_) return holds_ = false, std::string("release");
             holds_ = true;
             return "hold " + any_of(std::vector<std::string>{"Ctrl", "Shift", "Alt", "Space", "Ctrl+Shift", "L", "D"});
         }},
        {5, [&] { return (chance(0.8) ? "drop " : "open ") + quoted(any_of(files_)); }},
        {2, [&] {
             planned_ = {"key Ctrl+V"};
             return "clipboard " + quoted(any_of(kPasted) + " ");
         }},
        {3, [&] {
             const int64_t large = chance(0.1) ? 4000 : 1400;
             if (chance(0.1)) return fmt::format("resize {}x{}", chance(0.5) ? 64 : number(64, 300), chance(0.5) ? 64 : number(64, 8000));
             return fmt::format("resize {}x{}", number(300, large), number(200, large));
         }},
        {6, [&] { return "example " + quoted(any_of(document_presets()).name); }},
        {6, [&] { return "view " + views(); }},
        {8, [&] { return "set " + setting(frame); }},
        {6, [&] {
             const std::string unit = any_of(std::vector<std::string>{"", " term", " channel", " window", " row", " map", " layer"});
             return fmt::format("step {}{}", chance(0.9) ? number(0, 400) : number(0, int64_t(1) << 50), unit);
         }},
        {1, [&] { return std::string(chance(0.5) ? "theme dark" : "theme light"); }},
        {3, [&] { return fmt::format("frames {}", number(1, 12)); }},
        {1, [&] { return fmt::format("wait {:.1f}", static_cast<double>(number(1, 15)) / 10); }},
        {1, [&] { return std::string(chance(0.5) ? "save saved.json" : "dump dumped.json"); }},
        {1, [&] { return std::string("shot shot.png"); }},
    };
    int total = 0;
    for (const Deed& deed : deeds) total += deed.weight;
    int64_t left = number(0, total - 1);
    size_t chosen = 0;
    while (left >= deeds[chosen].weight) left -= deeds[chosen++].weight;
    return deeds[chosen].line();
}

std::string RandomPerson::widget(Frame& frame) {
    const uint32_t front = chance(0.85) ? front_popup() : 0;
    std::map<std::string, std::vector<const UiItem*>> panels;    // a panel with few widgets gets its share
    for (const UiItem& item : frame.window().items().items()) {
        if (is_quit(item.label) || item.disabled || (front && item.root != front)) continue;
        if (item.visible() || (!item.label.empty() && chance(0.2)))
            panels[item.panels.empty() ? "" : item.panels.back()].push_back(&item);
    }
    if (panels.empty()) return place(frame);
    const auto& items = std::next(panels.begin(), number(0, std::ssize(panels) - 1))->second;
    const UiItem& item = *any_of(items);
    const UiItem* named = item.label.empty() ? nullptr : frame.window().items().find(item.path());
    if (named && named->id == item.id) return quoted(item.path());
    return place_of(item.box.center(), frame.window().scale());
}

std::string RandomPerson::cell(Frame& frame) {
    const auto& grids = frame.scene().grids;
    if (grids.empty()) return fmt::format("canvas {},{}", number(0, 500), number(0, 400));
    const Grid& grid = any_of(grids);
    if (grid.name.empty() || grid.name.find_first_of(" \"#") != std::string::npos || grid.rows < 1 || grid.columns < 1)
        return place(frame);
    return fmt::format("{} {},{}", grid.name, grid.first_row + number(0, grid.rows - 1), grid.first_column + number(0, grid.columns - 1));
}

std::string RandomPerson::place(Frame& frame) {
    AppWindow& window = frame.window();
    return place_of({static_cast<float>(number(0, window.width_px() - 1)), static_cast<float>(number(0, window.height_px() - 1))},
                    window.scale());
}

std::string RandomPerson::anything(Frame& frame) {
    return chance(0.45) ? widget(frame) : chance(0.6) ? cell(frame) : place(frame);
}

std::string RandomPerson::chord() {
    if (chance(0.5)) return any_of(kKeys);
    const Command& command = any_of(all_commands());
    if (command.key.empty() || is_quit(command.label)) return std::string(1, static_cast<char>('A' + number(0, 25)));
    return command.key.substr(0, command.key.find('|'));
}

std::string RandomPerson::setting(Frame& frame) {
    const State& state = frame.app().state;
    const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
    if (layer.op->fields.empty()) return "stride=2";
    const Field& field = any_of(layer.op->fields);
    if (!field.choices.empty() && chance(0.8)) return field.key + "=" + any_of(field.choices);
    if (chance(0.2)) return field.key + "=" + any_of(kTyped);
    if (chance(0.3)) return fmt::format("{}=({}, {})", field.key, number(0, 5), number(0, 5));
    return fmt::format("{}={}", field.key, chance(0.1) ? any_of(std::vector<std::string>{"true", "false", "same", "none", "0.1"})
                                                       : std::to_string(number(0, 6)));
}

std::string RandomPerson::views() {
    std::string names = any_of(all_views()).id;
    for (int64_t more = chance(0.3) ? number(1, 2) : 0; more > 0; --more) names += "," + any_of(all_views()).id;
    return names;
}

}  // namespace convscope
