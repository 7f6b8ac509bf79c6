// The keys of the selected cell: typing a value, committing it, moving on.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/canvas_input.h"

namespace convscope {
namespace {

constexpr size_t kMostTyped = 24;

/// A number as it was typed, or the sentence that says why it is none.
struct Typed {
    float value = 0;
    std::string error;
};

/// `any`: infinities too, which a cell does not take but an output may be.
Typed parse_typed(std::string text, bool any) {
    if (text.starts_with("−")) text.replace(0, std::string_view("−").size(), "-");
    std::ranges::replace(text, ',', '.');
    if (const size_t infinity = text.find("∞"); any && infinity != std::string::npos)
        text.replace(infinity, std::string_view("∞").size(), "inf");
    const char* first = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
    const char* last = text.data() + text.size();
    double value = 0;
    const auto [end, error] = std::from_chars(first, last, value);
    if (end != last || first == last || error == std::errc::invalid_argument)
        return {0, fmt::format("“{}” is not a number. Type one such as 3, -0.5 or 1e-3.", text)};
    const bool tiny = text.find("e-") != std::string::npos;
    if (error == std::errc::result_out_of_range) value = tiny ? 0 : std::numeric_limits<double>::infinity();
    if (std::abs(value) > std::numeric_limits<float>::max() && !any)
        return {0, fmt::format("{} is beyond float32, whose largest number is about 3.4e38.", text)};
    return {static_cast<float>(value), ""};
}

/// Selects the cell so many rows and columns on, when there is one to edit.
bool move(App& app, const Scene& scene, int64_t rows, int64_t columns) {
    CellRef cell = app.state.selection.edit->cell;
    cell.row += rows;
    cell.column += columns;
    if (!editable(scene, cell)) return false;
    select_cell(app, scene, cell);
    return true;
}

/// To the first (−1) or last (1) cell of the row.
void to_row_end(App& app, const Scene& scene, int64_t direction) {
    const Grid* grid = scene.grid(app.state.selection.edit->cell.grid);
    if (!grid) return;
    CellRef cell = app.state.selection.edit->cell;
    cell.column = direction > 0 ? grid->first_column + grid->columns - 1 : grid->first_column;
    // Past the padding.
    while (grid->holds(cell.row, cell.column) && !editable(scene, cell)) cell.column -= direction;
    select_cell(app, scene, cell);
}

/// To the next cell; from a row's end to the next row's start.
void tab(App& app, const Scene& scene, int64_t direction) {
    if (move(app, scene, 0, direction)) return;
    const CellRef before = app.state.selection.edit->cell;
    to_row_end(app, scene, -direction);
    if (!move(app, scene, direction, 0)) select_cell(app, scene, before);
}

void remove_character(CellEdit& edit) {
    if (!edit.typing) edit.typed.clear();
    edit.typing = true;
    if (!edit.typed.empty()) edit.typed.pop_back();
}

}  // namespace

bool commit_typed(App& app) {
    auto& edit = app.state.selection.edit;
    if (!edit || !edit->typing || edit->typed.empty()) {
        if (edit) edit->typing = false;
        return true;
    }
    const bool is_guess = edit->ref.source == Source::stage;
    const Typed typed = parse_typed(edit->typed, is_guess);
    if (!typed.error.empty()) {
        say(app, typed.error, true);
        return false;
    }
    edit->typing = false;
    const std::string text = std::exchange(edit->typed, "");
    if (!is_guess) {
        set_value(app, Ref(edit->ref), typed.value, "");
        return true;
    }
    guess(app, edit->ref.cell, text);
    return !app.state.prediction.wrong;
}

bool cell_key(App& app, const Scene& scene, CellKey key) {
    Selection& selection = app.state.selection;
    if (!selection.edit) {
        if (key != CellKey::escape || !selection.pinned) return false;
        selection.pinned.reset();
        selection.telling.reset();
        return true;
    }
    CellEdit& edit = *selection.edit;
    if (key == CellKey::backspace) {
        remove_character(edit);
        return true;
    }
    if (key == CellKey::escape) {
        if (edit.typing)
            edit.typing = false;
        else
            selection.edit.reset();
        return true;
    }
    if (key == CellKey::remove) {
        edit.typing = false;
        set_value(app, Ref(edit.ref), 0, "");
        return true;
    }
    // Every other key leaves the cell; what is no number keeps it.
    if (!commit_typed(app)) return true;
    switch (key) {
        case CellKey::up: move(app, scene, -1, 0); break;
        case CellKey::enter:
        case CellKey::down: move(app, scene, 1, 0); break;
        case CellKey::left: move(app, scene, 0, -1); break;
        case CellKey::right: move(app, scene, 0, 1); break;
        case CellKey::tab: tab(app, scene, 1); break;
        case CellKey::back_tab: tab(app, scene, -1); break;
        case CellKey::home: to_row_end(app, scene, -1); break;
        case CellKey::end: to_row_end(app, scene, 1); break;
        case CellKey::escape:
        case CellKey::backspace:
        case CellKey::remove: break;
    }
    return true;
}

bool takes_letter(const App& app, char letter) {
    const auto& edit = app.state.selection.edit;
    if (!edit || edit->ref.source != Source::stage) return false;
    const std::string_view word = edit->typing ? std::string_view(edit->typed) : "";
    const size_t begin = word.find_first_not_of("+-");
    if (begin == std::string_view::npos) return letter == 'i' || letter == 'n';
    return (word[begin] == 'i' || word[begin] == 'n') && std::string_view("infinityna").find(letter) != std::string_view::npos;
}

bool cell_character(App& app, unsigned character) {
    auto& edit = app.state.selection.edit;
    if (!edit) return false;
    const unsigned minus = 0x2212;
    char typed = character == minus ? '-' : character == ',' ? '.' : static_cast<char>(character < 128 ? character : 0);
    const bool begins = !edit->typing || edit->typed.empty();
    const bool digit = typed >= '0' && typed <= '9';
    if (typed >= 'A' && typed <= 'Z') typed = static_cast<char>(typed - 'A' + 'a');
    const bool letter = takes_letter(app, typed);
    if (!digit && !letter && typed != '+' && typed != '-' && typed != '.' && (typed != 'e' || begins)) return false;
    if (!edit->typing) edit->typed.clear();
    edit->typing = true;
    if (edit->typed.size() < kMostTyped) edit->typed += typed;
    return true;
}

}  // namespace convscope
