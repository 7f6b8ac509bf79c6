// Answers: hiding outputs, and the numbers on the way to them, by the sources that every number of a scene carries.
#include "app/views/answers.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "app/views/story.h"

namespace convscope {
namespace {

constexpr const char* kHidden = "?";

class Hider {
public:
    Hider(const Plan& plan, int layer, const Answers& answers)
        : plan_(plan), layer_(layer), answers_(answers), stamped_(plan.stage("stamped")), asks_(answers.asks_any()) {}

    /// The output cell behind a number; none: it is no output of the layer.
    std::optional<Index> output_of(const Ref& ref) const {
        if (ref.source != Source::stage) return {};
        Index cell = ref.cell;
        if (ref.which == stamped_ && stamped_ >= 0) {
            cell.h -= plan_.window->h.pad_before;
            cell.w -= plan_.window->w.pad_before;
        } else if (ref.which != plan_.output && (ref.which != plan_.skip.sum || plan_.skip.sum < 0)) {
            return {};
        }
        if (!plan_.output_stage().shape.contains(cell)) return {};
        return cell;
    }

    bool hides(const NumberSource& source) const {
        if (source.network != 0 || (source.layer >= 0 && source.layer != layer_)) return false;
        const std::string_view name = source.name;
        // Inputs, biases and the numbers of a mean are given; what is made with a weight is asked for.
        if (name == "product") return asks_ && source.times.source == Source::weight;
        if (name.ends_with("so far")) return answers_.hides(source.ref.cell);
        if (name != "value") return false;
        const auto output = output_of(source.ref);
        return output && answers_.hides(*output);
    }

    void hide(Cell& cell) const {
        const NumberSource source = cell.from.empty() ? value_at(cell.ref) : cell.from[0];
        if (tell(cell, source)) return;
        if (cell.statistic || !hides(source)) return;
        const bool is_product = std::string_view(source.name) == "product";
        if (is_product && answers_.only_now && cell.state != CellState::product_now) return;
        cell.text = kHidden;
        cell.corner.clear();
        cell.below.clear();
        cell.from.clear();
        cell.shade = -2;
        if (is_product) return;   // it keeps its look
        const auto output = output_of(source.ref);
        const Index at = output.value_or(source.ref.cell);
        cell.state = answers_.asks(at) ? CellState::asked : CellState::hidden;
        if (!answers_.wrong || answers_.wrong->cell != at) return;
        cell.state = CellState::guess_wrong;
        cell.text = answers_.wrong->text;
    }

    void hide(std::string& text, std::vector<NumberSource>& from) const;

private:
    /// A known output is told whole, however far the play is.
    bool tell(Cell& cell, const NumberSource& source) const {
        const auto output = output_of(cell.ref);
        const std::string_view name = source.name;
        if (!answers_.hides_all || !output || cell.ref.which != plan_.output || (name != "value" && !name.ends_with("so far"))) return false;
        const auto known = std::ranges::lower_bound(answers_.known, *output);
        if (known == answers_.known.end() || *known != *output) return false;
        cell.text = answers_.told[static_cast<size_t>(known - answers_.known.begin())];
        cell.below.clear();
        cell.from.clear();
        if (cell.state == CellState::pending) cell.state = CellState::normal;
        return true;
    }

    const Plan& plan_;
    int layer_;
    const Answers& answers_;
    int stamped_;
    bool asks_;
};

/// Where the numbers of a text begin and end.
std::vector<std::pair<size_t, size_t>> numbers_in(std::string_view text) {
    constexpr std::string_view kMinus = "−", kInfinity = "∞", kNaN = "NaN", kNearZero = "~";
    const auto digit = [&](size_t i) { return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])); };
    std::vector<std::pair<size_t, size_t>> found;
    for (size_t i = 0; i < text.size();) {
        size_t end = i;
        for (const std::string_view sign : {kNearZero, kMinus})
            if (text.substr(end).starts_with(sign)) end += sign.size();
        if (text.substr(end).starts_with(kInfinity)) {
            end += kInfinity.size();
        } else if (text.substr(end).starts_with(kNaN)) {
            end += kNaN.size();
        } else if (digit(end) || (end < text.size() && text[end] == '.' && digit(end + 1))) {
            while (digit(end) || (end < text.size() && text[end] == '.' && digit(end + 1))) ++end;
            if (end < text.size() && text[end] == 'e') {
                const size_t sign = text.substr(end + 1).starts_with(kMinus) ? kMinus.size() : text.substr(end + 1).starts_with('+') ? 1 : 0;
                if (digit(end + 1 + sign)) end += 1 + sign;
                while (digit(end)) ++end;
            }
        } else {
            ++i;
            continue;
        }
        found.emplace_back(i, end);
        i = end;
    }
    return found;
}

/// The sources are those of the last numbers of the text: places and sizes stand before their values.
void Hider::hide(std::string& text, std::vector<NumberSource>& from) const {
    if (std::ranges::none_of(from, [&](const NumberSource& source) { return hides(source); })) return;
    const auto numbers = numbers_in(text);
    if (numbers.size() < from.size()) {
        text = kHidden;
        from.clear();
        return;
    }
    const size_t places = numbers.size() - from.size();
    for (size_t i = from.size(); i-- > 0;) {   // from the end, so that what is not yet looked at stays where it is
        const auto [begin, end] = numbers[places + i];
        if (!hides(from[i])) continue;
        text.replace(begin, end - begin, kHidden);
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

}  // namespace

bool Answers::is_known(Index cell) const { return std::ranges::binary_search(known, cell); }
bool Answers::asks(Index cell) const { return std::ranges::binary_search(asked, cell) && !is_known(cell); }
bool Answers::hides(Index cell) const { return hides_all ? !is_known(cell) : asks(cell); }
bool Answers::asks_any() const {
    return std::ranges::any_of(asked, [&](Index cell) { return !is_known(cell); });
}

void hide_answers(Scene& scene, const Plan& plan, int layer, const Answers& answers) {
    const Hider hider(plan, layer, answers);
    for (Grid& grid : scene.grids) {
        const bool holds_outputs = grid.origin.source == Source::stage && grid.origin.which == plan.output;
        if (holds_outputs && answers.hides_all) grid.picture.reset();   // colours tell too
        bool any = false;
        for (Cell& cell : grid.cells) {
            hider.hide(cell);
            if (holds_outputs && cell.state == CellState::pending) {
                cell.state = CellState::hidden;
                cell.text = kHidden;
            }
            any = any || is_answer(cell.state);
        }
        if (any && holds_outputs && answers.hides_all && !grid.stale) grid.editable = true;
    }
    for (Label& label : scene.labels)
        for (Run& run : label.runs) hider.hide(run.text, run.from);
    for (Hit& hit : scene.hits) hider.hide(hit.tooltip, hit.from);
    for (Run& run : scene.caption.runs) hider.hide(run.text, run.from);
    hider.hide(scene.caption.second, scene.caption.second_from);
}

void hide_answers(Caption& caption, const Plan& plan, int layer, const Answers& answers) {
    Scene scene;
    scene.caption = std::move(caption);
    hide_answers(scene, plan, layer, answers);
    caption = std::move(scene.caption);
}

Caption question(const Answers& answers, bool many_channels) {
    std::vector<Index> open;
    for (const Index cell : answers.asked)
        if (!answers.is_known(cell)) open.push_back(cell);
    Caption caption;
    if (open.empty()) return caption;
    if (open.size() == 1)
        caption.runs = {plain("What is output "), number(place_text(open[0], many_channels), Tone::output_text), plain("?")};
    else
        caption.runs = {plain("Which "), number(count_text(static_cast<int64_t>(open.size())), Tone::kernel_text),
                        plain(" numbers does this step make?")};
    return caption;
}

}  // namespace convscope
