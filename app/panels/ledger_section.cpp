// Ledger: every term of one output cell, channel subtotals, bias, total. Thousands of terms draw no slower than those shown.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/commands.h"
#include "app/panels/keys.h"
#include "app/panels/ledger_table.h"
#include "core/number_text.h"

namespace convscope {
namespace {

using ui::px;

void heads(const PanelContext& context, Column& column, const LedgerTable& table,
           const Columns& at) {
    const float y = column.y;
    ImFont* font = context.fonts.small;
    const float x = column.x0;
    // A head may be wider than its numbers: it gives way to the left, never onto its neighbour.
    float limit = x + at.sum;
    const auto head = [&](float right, const std::string& text, Tone tone) {
        const float width = ui::width_of(font, text);
        const float end = std::min(x + right, limit);
        ui::text(context, font, tone, {end, y}, text, Align::right);
        limit = end - width - px(context, 6);
    };
    head(at.sum, table.last_head, table.last_tone);
    if (table.has_factors) {
        head(at.product, "product", Tone::ink2);
        head(at.weight, table.factor_head, table.factor_tone);
    }
    // Over a narrow column the tensor's name takes the room of "value".
    const float room = limit - x - at.place, name = ui::width_of(font, table.head);
    if (at.has_places && name + ui::width_of(font, "value") + px(context, 6) <= room)
        head(at.value, "value", table.head_tone);
    ui::text(context, font, table.is_uses() ? table.place_tone : table.head_tone, {x + at.place, y},
             ui::fitted(font, table.head, limit - x - at.place));
    ui::rule(context, column.x0, column.x1, y + px(context, 12));
    column.y += px(context, 13);
}

void term_row(PanelContext& context, const Box& row, const Columns& at, const LedgerTable& table,
              size_t index) {
    const Term& term = table.terms()[index];
    const bool is_current = static_cast<int64_t>(index) == table.cell.current;
    const bool is_done = static_cast<int64_t>(index) < table.cell.done;
    const bool is_padding = !table.is_uses() && term.padding && term.a.source == Source::constant;
    const bool is_chosen = is_done && table.is_chosen(index);
    const std::string name = fmt::format("term {}", index + 1);
    const ui::Item it = ui::item(context, name.c_str(), row, {.tab_stop = false});
    if (is_current) {
        ui::fill(context, row, Tone::raised, 5);
        ui::frame(context, row, Tone::ink, 1.5f, 5);
    } else if (it.hovered || is_chosen) {
        ui::fill(context, row, it.hovered ? Tone::hover : Tone::output_tint, 5);
    }
    if (it.hovered) light_term(context.app, table, index);
    if (it.hovered && ImGui::IsItemHovered(ImGuiHoveredFlags_DelayNormal)) {
        std::string help = full_text(static_cast<float>(term.a_value));
        if (term.b.source != Source::constant || term.b_value != 1)
            help = fmt::format("{} × {} = {}", help, full_text(static_cast<float>(term.b_value)),
                               full_text(static_cast<float>(term.product)));
        if (!at.has_places) help = place_text(table, index, table.wide_places) + "\n" + help;
        if (is_chosen) help += "\nThe largest: it is the output";
        if (term.padding && term.a.source == Source::input)
            help += "\nThe padding repeats this input cell";
        ui::tooltip(context, help);
    }
    ImFont* font = is_current || is_chosen ? at.bold : at.font;
    const float y = row.center().y, x = row.x;
    ImFont* place_font = is_padding ? context.fonts.body : at.font;
    if (at.has_places)
        ui::text(context, place_font, is_done ? Tone::ink2 : Tone::ink3, {x + at.place, y},
                 place_text(table, index, table.wide_places));
    const auto right = [&](float end, Tone tone, std::string_view text) {
        ui::text(context, font, is_done ? tone : Tone::ink3, {x + end, y}, text, Align::right);
    };
    right(at.value, table.head_tone, table.number(term.a_value));
    const bool has_factor = term.b.source != Source::constant || term.b_value != 1;
    if (table.has_factors && has_factor) {
        ui::text(context, at.font, Tone::ink3, {x + at.times, y}, "×", Align::center);
        right(at.weight, table.factor_tone, table.number(term.b_value));
        ui::text(context, at.font, Tone::ink3, {x + at.equals, y}, "=", Align::center);
    }
    if (table.has_factors) right(at.product, Tone::ink, is_done ? table.number(term.product) : "·");
    right(at.sum,
          (table.has_heads || table.is_uses()) && !is_current && !is_chosen ? Tone::ink2
                                                                            : table.last_tone,
          is_done ? table.number(table.sums[index]) : "·");
    if (it.pressed) go_to_term(context.app, table.cell, index);
}

void group_head(PanelContext& context, const Box& row, Group& group, const LedgerTable& table) {
    const std::string name = group_name(table, group);
    const ui::Item it =
        ui::item(context, name.c_str(), row,
                 {.tooltip = group.open ? "Folds the rows to their subtotal" : "Shows the rows"});
    ui::fill(context, row, it.hovered ? Tone::hover : Tone::sunken, 6);
    if (it.focused) ui::focus_ring(context, row);
    const float y = row.center().y;
    ui::chevron(context, {row.x + px(context, 12), y},
                group.open ? ui::Direction::down : ui::Direction::right, Tone::ink2, 3.5f);
    std::string spoken = name;
    spoken[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(spoken[0])));
    const std::array runs = {
        ui::TextRun{context.fonts.body_bold, table.is_uses() ? table.place_tone : table.head_tone,
                    spoken},
        ui::TextRun{context.fonts.small, Tone::ink3,
                    "  " + ui::counted(static_cast<int64_t>(group.count), table.unit.c_str())}};
    ui::text(context, {row.x + px(context, 26), y}, runs);
    const bool begun = static_cast<int64_t>(group.first) < table.cell.done;
    if (!table.is_uses() || table.cell.uses->adds)
        ui::text(context, context.fonts.mono_bold, begun ? Tone::ink : Tone::ink3,
                 {row.right() - px(context, 8), y}, begun ? table.number(group.subtotal) : "·",
                 Align::right);
    if (it.pressed) context.app.state.folds.by_hand[group.key] = !group.open;
}

/// Positions of all groups; gives the table's height.
float arrange(const PanelContext& context, LedgerTable& table, float row_h) {
    const float head_h = table.has_heads ? px(context, 33) : 0;
    float y = table.has_heads ? px(context, 4) : 0;
    for (Group& group : table.groups) {
        group.y = y;
        group.height = head_h + (group.open ? row_h * static_cast<float>(group.count) : 0);
        y += group.height;
    }
    return y;
}

/// The rows, in a region of their own that scrolls when they are many.
void body(PanelContext& context, Column& column, LedgerTable& table, const Columns& at,
          float most_px) {
    const float row_h =
        table.has_heads ? px(context, column.low ? 21 : 23) : px(context, column.low ? 22 : 26);
    const float head_h = table.has_heads ? px(context, 33) : 0;
    ImGui::SetCursorScreenPos({column.x0, column.y});
    // The bar beside the rows changes their width, so the height counts from the next frame on.
    ImGuiStorage& parent = ImGui::GetCurrentWindow()->StateStorage;
    const ImGuiID known = ImGui::GetID("table height");
    float content = parent.GetFloat(known, most_px);
    const float height = std::min(std::max(content, row_h), most_px);
    ImGui::BeginChild("Terms", {column.width(), height}, ImGuiChildFlags_None,
                      content <= most_px
                          ? ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse
                          : ImGuiWindowFlags_None);
    fold_groups(table, context.app.state.folds);
    content = arrange(context, table, row_h);
    parent.SetFloat(known, content);

    const ImGuiID followed = ImGui::GetID("followed term");
    if (ImGui::GetStateStorage()->GetInt(followed, -2) != static_cast<int>(table.cell.current)) {
        ImGui::GetStateStorage()->SetInt(followed, static_cast<int>(table.cell.current));
        if (const auto at_work = group_at_work(table)) {
            const Group& group = table.groups[*at_work];
            const auto row = static_cast<size_t>(table.cell.current) - group.first;
            const float y = group.y + (group.open ? head_h + row_h * static_cast<float>(row) : 0);
            const float at_y = ImGui::GetScrollY();
            if (y < at_y || y + row_h > at_y + height)
                ImGui::SetScrollY(std::max(0.0f, y - height / 2));
        }
    }

    const float top = column.y - ImGui::GetScrollY();
    const ImRect clip = ImGui::GetCurrentWindow()->ClipRect;
    const float width = column.width() - (content > height + 1 ? px(context, 10) : 0);
    for (Group& group : table.groups) {
        const float y = top + group.y;
        if (y + group.height < clip.Min.y || y > clip.Max.y) continue;
        if (table.has_heads)
            group_head(context, {column.x0, y, width, px(context, 28)}, group, table);
        if (!group.open) continue;
        const float rows_y = y + head_h;
        const auto first =
            static_cast<size_t>(std::max(0.0f, std::floor((clip.Min.y - rows_y) / row_h)));
        for (size_t i = first; i < group.count; ++i) {
            const float row_y = std::round(rows_y + row_h * static_cast<float>(i));
            if (row_y > clip.Max.y) break;
            term_row(context, {column.x0, row_y, width, row_h}, at, table, group.first + i);
        }
    }
    ui::content_ends(top + content);
    ImGui::EndChild();
    column.y += height;
}

/// By input: the product that happens now is cropped, or the stride skips it.
bool lands_nowhere(const App& app) {
    const Place place = app.timeline.at(app.state.play.step);
    return app.timeline.order() == Order::by_input && place.started && !place.finishing;
}

float sum_line_height(const PanelContext& context, const Column& column) {
    return px(context, column.low ? 26 : 28);
}

int sum_line_count(const LedgerTable& table) {
    if (table.is_uses()) return 1;
    const int skip = table.skip ? 2 : 0;
    if (table.combine() == Combine::max) return 1 + skip;
    return 1 + skip + (table.has_heads || table.bias ? 1 : 0) + (table.bias ? 1 : 0) +
           (table.combine() == Combine::mean ? 2 : 0);
}

/// Sum of all products.
double so_far_of(const LedgerTable& table) {
    double sum = 0;
    for (const Group& group : table.groups) sum += group.subtotal;
    return sum;
}

/// Channels, bias, total: always the same lines, so that nothing moves while the play is on.
void sum_lines(PanelContext& context, Column& column, const LedgerTable& table) {
    const float left = column.x0 + px(context, 8), right = column.x1 - px(context, 8),
                height = sum_line_height(context, column);
    const auto done = static_cast<size_t>(std::max<int64_t>(table.cell.done, 0));
    const double bias = table.bias ? table.terms()[*table.bias].product : 0;
    const bool bias_done = table.bias && *table.bias < done;
    const double so_far = done == 0 ? 0 : table.sums[std::min(done, table.sums.size()) - 1];
    const auto line = [&](const char* name, Tone name_tone, const std::string& middle, ImFont* font,
                          Tone tone, const std::string& value) {
        const float y = column.y + height / 2;
        ui::text(context, context.fonts.body_bold, name_tone, {left, y}, name);
        const float x =
            left + std::max(px(context, 82),
                            ui::width_of(context.fonts.body_bold, name) + px(context, 10));
        const float value_x = right - ui::width_of(font, value);
        ui::text(context, context.fonts.mono_small, Tone::ink2, {x, y},
                 ui::fitted(context.fonts.mono_small, middle, value_x - x - px(context, 8)));
        ui::text(context, font, tone, {right, y}, value, Align::right);
        column.y += height;
    };
    ui::rule(context, column.x0, column.x1, column.y + px(context, 2));
    column.y += px(context, 4);
    if (table.is_uses()) {
        const Uses& uses = *table.cell.uses;
        std::string count = grouped_text(static_cast<int64_t>(uses.terms.size()));
        if (uses.terms.size() < 1000) count += uses.terms.size() == 1 ? " place" : " places";
        const float y = column.y;
        line(uses.adds ? "Gives in all" : "Read at", Tone::ink,
             uses.complete ? count : "the first " + count, context.fonts.total, Tone::ink,
             uses.adds && uses.complete ? table.number(so_far_of(table)) : "");
        ui::hover_help(context, {column.x0, y, column.width(), height},
                       uses.adds ? "What the number gives to all cells that read it, added up"
                                 : "How many cells read the number");
        return;
    }
    if (table.has_heads) {
        std::string sum;
        for (const Group& group : table.groups) {
            const bool begun = group.first < done;
            const std::string number = begun ? table.number(group.subtotal) : "·";
            sum += sum.empty() ? number : " + " + in_sum(number);
            if (sum.size() > 200) break;
        }
        line(table.several_samples ? "Samples" : "Channels", Tone::ink, sum,
             context.fonts.mono_bold, Tone::ink, table.number(bias_done ? so_far - bias : so_far));
    } else if (table.bias) {
        line(table.has_factors ? "Products" : "Values", Tone::ink, "", context.fonts.mono_bold,
             Tone::ink, table.number(bias_done ? so_far - bias : so_far));
    }
    if (table.bias)
        line("Bias", Tone::kernel_text, fmt::format("b[{}]", table.terms()[*table.bias].a.cell.c),
             context.fonts.mono_bold, bias_done ? Tone::kernel_text : Tone::ink3,
             table.number(bias));
    const bool is_mean = table.combine() == Combine::mean;
    const std::string count = fmt::format("{} of {}", table.cell.done, table.terms().size());
    if (is_mean) {
        line(table.is_done() ? "Sum" : "Sum so far", Tone::ink, count, context.fonts.mono_bold,
             Tone::ink, table.number(so_far));
        line("Divided by", Tone::ink2, "", context.fonts.mono_bold, Tone::ink,
             number_text_short(table.cell.explanation.divisor));
    }
    const double shown = table.is_done() ? table.result : so_far;
    const float y = column.y;
    const auto total = [&](const char* name, const std::string& middle, const std::string& value) {
        line(name, Tone::ink, middle, context.fonts.total, table.last_tone, value);
    };
    if (is_mean)
        total("Mean", "", table.is_done() ? table.number(table.result) : "·");
    else if (table.combine() == Combine::max)
        total(table.is_done() ? "Largest" : "Largest so far", count,
              done == 0 ? "·" : table.number(shown));
    else
        total(table.is_done() ? "Total" : "Sum so far", count, table.number(shown));
    column.y -= px(context, 3);
    if (table.skip) {
        const bool done_all = table.is_done();
        line("Skip", Tone::ink, table.skip->name, context.fonts.mono_bold,
             done_all ? Tone::ink : Tone::ink3, table.number(table.skip->value));
        line("With it", Tone::ink, "", context.fonts.total, Tone::output_text,
             done_all ? table.number(table.skip->sum) : "·");
    }
    ui::hover_help(context, {column.x0, y, column.width(), height},
                   (table.is_done() ? "The layer's own float32 number: " : "So far: ") +
                       full_text(static_cast<float>(shown)));
}

/// "nine products + bias", "mean of four values".
std::string note_text(const LedgerTable& table) {
    const int64_t count = table.products();
    const std::string& noun = table.unit;
    std::string text = (count < 10 ? ui::count_word(count) : grouped_text(count)) + " " + noun +
                       (count == 1 ? "" : "s");
    if (table.is_uses()) {
        const Uses& uses = *table.cell.uses;
        if (!uses.complete) text += " of more";
        const int layer = uses.empty() ? table.cell.layer : uses.cells.back().layer;
        return layer == table.cell.layer ? text : text + fmt::format(", layer {}", layer + 1);
    }
    if (table.bias) text += " + bias";
    switch (table.combine()) {
        case Combine::mean: return "mean of " + text;
        case Combine::max: return "largest of " + text;
        case Combine::formula: return "formula";
        case Combine::sum: break;
    }
    return text;
}

const char* name_of(Telling telling) {
    switch (telling) {
        case Telling::made_of: return "Made of";
        case Telling::goes_to: return "Goes to";
        case Telling::gradient: return "Gradient";
    }
    return "";
}

/// The switch between the directions, where the cell has several.
void direction_switch(PanelContext& context, Column& column, const LedgerCell& cell) {
    if (cell.choices.size() < 2) return;
    std::vector<std::string> labels;
    int chosen = 0;
    for (size_t i = 0; i < cell.choices.size(); ++i) {
        labels.push_back(name_of(cell.choices[i]));
        if (cell.choices[i] == cell.telling) chosen = static_cast<int>(i);
    }
    const Box box{column.x0, column.y - px(context, 2), column.width(),
                  px(context, column.low ? 26 : 28)};
    if (const auto pressed = ui::segmented(context, box, labels, chosen, true))
        choose_telling(context.app, cell.choices[static_cast<size_t>(*pressed)]);
    column.y = box.bottom() + px(context, column.low ? 4 : 8);
}

void words(PanelContext& context, Column& column, const std::string& text) {
    for (const std::string& line : ui::wrapped(context.fonts.body, text, column.width())) {
        ui::text(context, context.fonts.body, Tone::ink3, {column.x0, column.y + px(context, 9)},
                 line);
        column.y += px(context, 21);
    }
}

/// "Copy text" and "Copy LaTeX", under the total.
void copy_buttons(PanelContext& context, Column& column) {
    const float height = px(context, column.low ? 24 : 28), gap = px(context, 8);
    const float width = (column.width() - gap) / 2;
    column.y += px(context, 4);
    float x = column.x0;
    for (const auto& [label, name] :
         {std::pair{"Copy text", "Copy ledger"}, {"Copy LaTeX", "Copy ledger as LaTeX"}}) {
        const Command* command = find_command(name);
        const Box box{x, column.y, width, height};
        if (ui::button(context, label, box)) run(*command, context.app);
        ui::tooltip(context, command->help, key_text(command->key));
        x += width + gap;
    }
    column.y += height + px(context, 8);
}

float copy_height(const PanelContext& context, const Column& column) {
    return px(context, column.low ? 36 : 40);
}

/// The cell is an output that is to be predicted.
bool is_hidden(const App& app, const LedgerCell& cell) {
    const auto hidden = answers(app);
    const Plan* plan = chosen_plan(app);
    if (hidden && cell.telling == Telling::goes_to) return true;   // it lists outputs
    return hidden && plan && cell.telling == Telling::made_of && cell.layer == shown_layer(app) &&
           cell.stage == plan->output && hidden->hides(cell.cell);
}

/// Why there are no rows; "" when there are some.
std::string nothing_text(const App& app, const std::optional<LedgerCell>& cell) {
    if (app.state.problem) return "Nothing to add up until the layer is possible again.";
    if (!cell)
        return lands_nowhere(app) ? "This product is added to no output cell."
                                  : "Step on, or click an output cell, to see its sum.";
    if (is_hidden(app, *cell)) return "Hidden until you have said what this output is.";
    if (cell->too_many > 0)
        return fmt::format("{} numbers are added up here, too many to write out.",
                           grouped_text(cell->too_many));
    if (!cell->uses) return cell->explanation.terms.empty() ? "No product reaches this cell." : "";
    if (!cell->uses->empty()) return "";
    if (cell->uses->complete) return "No cell reads this number.";
    return cell->uses->total > 0 ? fmt::format("{} cells read this number, too many to write out.",
                                               grouped_text(cell->uses->total))
                                 : "Too many cells may read this number to look through them.";
}

}  // namespace

void ledger_section(PanelContext& context, Column& column, float bottom) {
    App& app = context.app;
    std::optional<LedgerCell> cell;
    if (!app.state.problem && app.state.result) cell = ledger(app);
    const std::string nothing = nothing_text(app, cell);
    if (!cell) {
        begin_section(context, column, "Ledger", {.title = "Ledger"});
        column.y += column.row_px / 2 - px(context, 10);
        words(context, column, nothing);
        return;
    }
    LedgerTable table = make_ledger_table(app, std::move(*cell));
    std::string note = nothing.empty() ? note_text(table) : "";
    if (!table.is_uses() && table.cell.layer != shown_layer(app))
        note += fmt::format("{}layer {}", note.empty() ? "" : ", ", table.cell.layer + 1);
    // In a narrow panel the mark in the cell's corner must do.
    const std::string pinned = note.empty() ? "pinned" : "pinned, " + note;
    const bool fits = ui::width_of(context.fonts.small, pinned) <=
                      std::min(column.width() * 0.6f,
                               column.width() - ui::width_of(context.fonts.section, table.title) -
                                   px(context, 8));
    if (table.cell.pinned && fits) note = pinned;
    begin_section(context, column, "Ledger", {.title = table.title, .note = note});
    if (table.cell.choices.size() > 1) column.y += column.row_px / 2 - px(context, 10);
    direction_switch(context, column, table.cell);
    const float gap = table.cell.choices.size() > 1 ? px(context, 14) : column.row_px / 2;
    if (!nothing.empty()) {
        column.y += gap - px(context, 10);
        words(context, column, nothing);
        return;
    }
    if (table.combine() == Combine::formula) {
        column.y += gap - column.row_px / 2;
        formula_rows(context, column, table);
        origin_rows(context, column, table);
        copy_buttons(context, column);
        return;
    }
    column.y += gap - px(context, 5);
    bottom -= origin_height(context, table) + copy_height(context, column);
    const float sums =
        sum_line_height(context, column) * static_cast<float>(sum_line_count(table)) +
        px(context, 6);
    const float row_h = px(context, table.has_heads ? 33 : column.low ? 22 : 26);
    const float most = std::max(bottom - column.y - px(context, 13) - sums, row_h * 5);
    const bool scrolls = ImGui::GetStateStorage()->GetFloat(ImGui::GetID("table height"), 0) > most;
    const Columns at =
        fit_columns(context, table, column.width() - (scrolls ? px(context, 10) : 0));
    heads(context, column, table, at);
    body(context, column, table, at, most);
    sum_lines(context, column, table);
    origin_rows(context, column, table);
    copy_buttons(context, column);
}

}  // namespace convscope
