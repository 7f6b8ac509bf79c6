// The slide view of a pool: the window's own numbers, of which the largest or the mean becomes one output cell.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/slide_parts.h"

namespace convscope {
namespace {

float f(int64_t n) { return static_cast<float>(n); }

constexpr float kReadable = 18;                    // side of a cell that has room for a digit

std::string of_text(int64_t i, int64_t count) {
    return count > 1 ? fmt::format(", channel {} of {}", i, count) : std::string();
}

/// What the pill between window and output says: "largest 7", "14 ÷ 4 = 3.5".
std::vector<Run> pill_words(const Slide& slide, Tone tone, Tone words) {
    const Story& story = *slide.story;
    const NumberSource result = sum_source(slide.in, story);
    const Explanation& e = story.explanation;
    const std::string value = number_text_short(story.sum);
    if (e.combine == Combine::max) return {{"largest ", Font::inter, words}, {value, Font::mono_bold, tone, {result}}};
    double sum = 0;
    for (int64_t i = 0; i < story.done; ++i) sum += e.terms[static_cast<size_t>(i)].product;
    const Ref cell{Source::stage, slide.plan.output, story.cell};
    return {{fmt::format("{} ÷ {} = ", number_text_short(sum), number_text_short(e.divisor)), Font::mono, words,
             {{"sum of the window", cell}, {"divisor", cell}}},
            {value, Font::mono_bold, tone, {result}}};
}

/// The window's numbers at their kernel cells.
Grid& add_window(Easel& easel, const Slide& slide, float x, float y, float cell) {
    GridSpec spec{"products", Role::neutral, x, y, cell, slide.window.h.kernel, slide.window.w.kernel};
    Grid& grid = easel.add_grid(spec);
    for (Cell& c : grid.cells) c.state = CellState::pending;
    if (!slide.story) return grid;
    const Story& story = *slide.story;
    const int decimals = plane_decimals(slide.layer.input, slide.cell().n, slide.cell().c);
    for (int64_t i = 0; i < story.done; ++i) {
        const Term& term = story.explanation.terms[static_cast<size_t>(i)];
        const Index place = term.padding.value_or(term.a.cell);
        const int64_t row = (place.h - *slide.window.h.input_place(slide.cell().h, 0)) / slide.window.h.dilation;
        const int64_t column = (place.w - *slide.window.w.input_place(slide.cell().w, 0)) / slide.window.w.dilation;
        Cell* at = grid.cell(row, column);
        if (!at) continue;
        const bool chosen = story.complete && story.current < 0 && i == story.explanation.chosen;
        at->state = i == story.current || chosen ? CellState::product_now : CellState::product;
        set_number(*at, term.a_value, decimals);
        at->from = {value_at(term.a)};
        if (term.a.source == Source::input) at->ref = term.a;
    }
    return grid;
}

}  // namespace

Caption pool_caption(const Slide& slide) {
    Caption caption;
        const Story& story = *slide.story;
    const bool is_max = story.explanation.combine == Combine::max;
    const std::string value = number_text_short(story.sum);
    const NumberSource result = sum_source(slide.in, story);
    const std::string output = place_text(story.cell, slide.layer.op_output().shape().c > 1);
    caption.second = fmt::format("Window {} of {}: {}.", story.place.window + 1, slide.in.timeline->windows(), window_words(slide));
    if (const Term* term = story.term()) {
        if (term->a.source == Source::constant) {
            caption.runs = {plain(is_max ? "Padding never is the largest, " : "Padding adds 0, ")};
            if (!is_max) caption.runs[0].from = {value_at(term->a)};
        } else {
            caption.runs = {plain("Input "),
                            number(place_text(term->a.cell, false) + " = " + number_text_short(term->a_value), Tone::input_text,
                                   {value_at(term->a)}),
                            plain(is_max ? ": " : " is added, ")};
        }
        caption.runs.push_back(plain(is_max ? (story.complete ? "the largest is " : "the largest so far is ")
                                            : (story.complete ? "the mean is " : "the mean's share so far is ")));
        caption.runs.push_back(number(value, Tone::output_text, {result}));
        caption.runs.push_back(plain("."));
        return caption;
    }
    caption.runs = {plain("Output "), number(output, Tone::output_text), plain(is_max ? " is the largest of its window: " : " is the mean of its window: "),
                    number(value, Tone::output_text, {result}), plain(".")};
    if (is_max && story.explanation.chosen >= 0) {
        const Term& chosen = story.explanation.terms[static_cast<size_t>(story.explanation.chosen)];
        if (chosen.a.source == Source::input)
            caption.second += fmt::format(" It stands at input {}; only that cell gets a gradient.", place_text(chosen.a.cell, false));
    } else if (!is_max) {
        caption.second += fmt::format(" The sum is divided by {}.", number_text_short(story.explanation.divisor));
        caption.second_from = {{"divisor", {Source::stage, slide.plan.output, story.cell}}};
    }
    return caption;
}

Scene build_slide_pool(const Slide& slide) {
    const ViewInput& in = slide.in;
    Easel easel(in);
    const float s = easel.scale(), gap = easel.gap(), top = 34 * s;
    const Window& window = slide.window;
    const Shape input_shape = slide.layer.input.shape(), output_shape = slide.layer.op_output().shape();
    const std::string input_note = fmt::format("{}×{}", window.h.in, window.w.in) + of_text(slide.cell().c, input_shape.c);
    const std::string output_note = fmt::format("{}×{}", window.h.out, window.w.out);
    const float pill = 200 * s, strip = output_shape.c > 1 ? 52 * s : 0;
    struct Places {
        bool stacked;                  // window and output below the input: for narrow panes
        float cell, window_cell, window_x, row_y, output_x, width, height;
    };
    const auto places_for = [&](float cell, bool stacked) {
        Places p{};
        p.stacked = stacked;
        p.cell = cell;
        const float input_h = f(slide.ring_rows()) * cell;
        const float room = easel.room_height() - 120 * s - (stacked ? input_h + 52 * s : 0);
        p.window_cell = std::max(cell, std::min(26 * s, std::floor(std::max(4.f, room / f(window.h.kernel)))));
        p.window_x = stacked ? 0 : std::max(f(slide.ring_columns()) * cell + gap, (name_width("Input", input_note) + 20) * s);
        p.row_y = top + (stacked ? input_h + 52 * s : 0);
        const float window_w = std::max(f(window.w.kernel) * p.window_cell, (name_width("Window", "") + 10) * s);
        p.output_x = p.window_x + window_w + (stacked ? 40 * s : gap);
        p.width = std::max({p.output_x + std::max(f(window.w.out) * cell, name_width("Output", output_note) * s),
                            p.window_x + pill, f(slide.ring_columns()) * cell});
        const float window_h = f(window.h.kernel) * p.window_cell, output_h = f(window.h.out) * cell;
        p.height = p.row_y + std::max({window_h + 76 * s, output_h + 76 * s + strip, stacked ? 0 : input_h});
        return p;
    };
    const auto largest = [&](bool stacked) {
        return places_for(largest_cell(s, [&](float cell) {
            const Places q = places_for(cell, stacked);
            return q.width <= easel.room_width() && q.height <= easel.room_height() &&
                   (!stacked || q.window_cell >= kReadable * s);
        }), stacked);
    };
    const Places beside = largest(false), below = largest(true);
    const Places p = below.cell > beside.cell && beside.cell < 26 * s ? below : beside;
    easel.place_block(p.width, p.height);
    const Grid& input = add_input(easel, slide, "input", slide.cell().c, 0, top, p.cell);
    const Grid& values = add_window(easel, slide, p.window_x, p.row_y, p.window_cell);
    const Grid& output = add_output(easel, slide, p.output_x, p.row_y, p.cell);
    easel.add_name(input, "Input", Tone::input_text, input_note);
    easel.add_name(values, "Window", Tone::ink, "");
    easel.add_name(output, "Output", Tone::output_text, output_note);
    easel.add_indices(input, window.h.in, window.w.in);
    easel.add_indices(output, window.h.out, window.w.out);
    if (const auto box = window_box(slide, input)) {
        if (!p.stacked)
            add_projection_right(easel.scene, *box, values.box, input.box.right() + 2 * s, values.box.x - (in.lecture ? 2 : 18) * s, s);
        easel.add_outline(*box, Tone::kernel_line, 3, 5);
        easel.add_outline({values.box.x, values.box.y, values.box.w + 1, values.box.h + 1}, Tone::kernel_line, 3, 5);
    }
    if (slide.story) {
        const Tone line = in.stale ? Tone::inkd : Tone::output_line;
        const auto words = pill_words(slide, in.stale ? Tone::ink3 : Tone::output_text, in.stale ? Tone::ink3 : Tone::ink2);
        const float width = text_width(words, 14 * s) + 36 * s;
        const float y = std::max(values.box.bottom(), output.box.bottom()) + 44 * s;
        const Box target = output.cell_box(slide.story->cell.h, slide.story->cell.w);
        const Box plate_box{values.box.x, y - 15 * s, width, 30 * s};
        Stroke down;
        down.points = {{values.box.x + 18 * s, values.box.bottom() + 6 * s}, {values.box.x + 18 * s, plate_box.y}};
        down.tone = line;
        down.width_px = 2 * s;
        easel.scene.strokes.push_back(down);
        Stroke up = down;
        up.arrow = true;
        up.elbow_px = 14 * s;
        const float x = std::clamp(target.center().x, 0.f, in.size_px.x), end = output.box.bottom() + 6 * s;
        if (x < plate_box.right() + 18 * s)
            up.points = {{std::clamp(x, plate_box.x + 15 * s, plate_box.right() - 15 * s), plate_box.y},
                         {std::clamp(x, plate_box.x + 15 * s, plate_box.right() - 15 * s), end}};
        else
            up.points = {{plate_box.right(), y}, {x, y}, {x, end}};
        easel.scene.strokes.push_back(up);
        Plate plate;
        plate.box = plate_box;
        plate.fill = Tone::canvas;
        plate.border = line;
        plate.border_px = 1.5f * s;
        plate.radius_px = 15 * s;
        easel.scene.plates.push_back(plate);
        easel.scene.labels.push_back({plate_box.center(), Align::center, 14 * s, words});
        if (output.cells.empty())
            easel.add_outline(target, Tone::output_line, 3, 5);
        if (output_shape.c > 1)
            add_strip(easel, {&slide.layer.op_output(), slide.cell().n, slide.cell().c, Role::output, "channel ", p.output_x,
                              p.height - strip + 14 * s, std::max(f(window.w.out) * p.cell, 120 * s)});
    }
    easel.add_caption(slide_caption(slide), p.height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
