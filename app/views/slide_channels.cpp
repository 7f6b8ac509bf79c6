// The slide view for several input channels: one row a channel, partial sums, a spine that adds them and the bias.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/slide_parts.h"

namespace convscope {
namespace {

float f(int64_t n) { return static_cast<float>(n); }

/// Sizes in base pixels; `rows` channels are shown at once, from `first` on.
struct Sizes {
    float input = 0, kernel = 0, output = 0;       // cells
    int64_t rows = 0, first = 0;
    float row_height = 0, row_gap = 0;
    float kernel_x = 0, products_x = 0, partial_x = 0, output_x = 0;
    float width = 0, height = 0, rows_height = 0;
    float bias_y = 0;                              // middle of the bias, from the rows' top
};

/// "channels 4–7 of 64, n 0": which rows are shown.
std::string input_note(const Slide& slide, int64_t first, int64_t rows) {
    const Shape shape = slide.layer.input.shape();
    const int64_t from = slide.input_channel(first), to = slide.input_channel(first + rows - 1);
    std::string note;
    if (rows == slide.window.in_per_group && slide.window.groups == 1) note = fmt::format("{} channels", rows);
    else if (rows == 1) note = fmt::format("channel {} of {}", from, shape.c);
    else note = fmt::format("channels {}–{} of {}", from, to, shape.c);
    if (shape.n > 1) note += fmt::format(", n {}", slide.cell().n);
    return note;
}

/// Which slice of the weights the kernels are, as PyTorch writes it.
std::string kernel_note(const Slide& slide) {
    return slide.window.transposed() ? fmt::format("[:, {}]", slide.cell().c % slide.window.out_per_group)
                                     : fmt::format("[{}]", slide.cell().c);
}

constexpr float kBox = 60;                         // width of a partial sum's box
constexpr float kTotalHeight = 150;                // strip above the output and the total below it

Sizes sizes_for(const Slide& slide, const Easel& easel, float cell, int64_t rows) {
    const float s = easel.scale();
    const Window& window = slide.window;
    Sizes sizes;
    sizes.input = cell;
    sizes.rows = rows;
    sizes.row_gap = 12 * s;
    const float kernel_room = std::floor((cell * f(slide.ring_rows())) / f(window.h.kernel));
    sizes.kernel = std::max(std::min(std::max(cell * 1.3f, 30 * s), kernel_room), cell);
    sizes.row_height = std::max(cell * f(slide.ring_rows()), sizes.kernel * f(window.h.kernel));
    sizes.rows_height = f(rows) * sizes.row_height + f(rows - 1) * sizes.row_gap;
    const float gap = easel.gap() * 0.75f;
    // Names have room above narrow grids: "Input channels 4–7 of 64" (the longest of them), "Kernel [12]", "Products".
    const float least = rows < slide.window.in_per_group || slide.window.groups > 1 ? 190.f : 128.f;
    const std::string longest = input_note(slide, slide.window.in_per_group - rows, rows);
    const float name = std::max(least, name_width("Input", longest) + 16) * s;
    sizes.kernel_x = std::max(f(slide.ring_columns()) * cell + gap, name);
    sizes.products_x = sizes.kernel_x + std::max(f(window.w.kernel) * sizes.kernel + gap,
                                                 (name_width("Kernel", kernel_note(slide)) + 16) * s);
    sizes.partial_x = sizes.products_x + std::max(f(window.w.kernel) * sizes.kernel + 24 * s,
                                                  (name_width("Products", "") + 10) * s);
    sizes.output_x = sizes.partial_x + kBox * s + 70 * s;
    const float left = easel.room_width() - sizes.output_x;
    // The output with its strip and total is as high as the rows; where these are too low for it, higher.
    float output_room = sizes.rows_height - 110 * s;
    if (output_room < 11 * s * f(window.h.out))
        output_room = std::max(output_room, easel.room_height() - 34 * s - kTotalHeight * s);
    sizes.output = std::min({std::max(cell, 27 * s), left / f(window.w.out), output_room / f(window.h.out)});
    if (sizes.output >= 1) sizes.output = std::floor(sizes.output);
    sizes.width = sizes.output_x + std::max(f(window.w.out) * sizes.output, 136 * s);   // the name above has room
    // The bias stands below the last partial sum, within its row where that is high enough.
    sizes.bias_y = sizes.rows_height - sizes.row_height / 2 + std::max(sizes.row_height / 2 - 16 * s, 52 * s);
    sizes.height = 34 * s + std::max(sizes.rows_height, slide.has_bias() ? sizes.bias_y + 18 * s : 0);
    const float output_height = sizes.output * f(window.h.out);
    if (output_height > sizes.rows_height - 110 * s)
        sizes.height = std::max(sizes.height, 34 * s + output_height + kTotalHeight * s);
    return sizes;
}

/// Sum of the done products of one input channel; nothing done: none.
std::optional<double> partial_sum(const Story& story, int64_t channel) {
    std::optional<double> sum;
    for (int64_t i = 0; i < story.done; ++i) {
        const Term& term = story.explanation.terms[static_cast<size_t>(i)];
        if (term.b.source == Source::weight && (term.padding ? term.padding->c : term.a.cell.c) == channel)
            sum = sum.value_or(0) + term.product;
    }
    return sum;
}

void add_box(Easel& easel, const Box& box, const std::string& text, NumberSource from, Tone fill, Tone border,
             float border_px, Tone ink) {
    Plate plate;
    plate.box = box;
    plate.fill = fill;
    plate.border = border;
    plate.border_px = border_px * easel.scale();
    plate.radius_px = 7 * easel.scale();
    easel.scene.plates.push_back(plate);
    const float size = std::min(15 * easel.scale(), (box.w - 8) / (0.6f * f(static_cast<int64_t>(std::max<size_t>(1, glyphs(text))))));
    easel.scene.labels.push_back({box.center(), Align::center, size, {{text, Font::mono_bold, ink, {from}}}});
}

}  // namespace

Scene build_slide_channels(const Slide& slide) {
    const ViewInput& in = slide.in;
    Easel easel(in);
    const float s = easel.scale();
    const Window& window = slide.window;
    const int64_t channels = window.in_per_group;

    // As many channels as fit with readable numbers, then as few as needed, one at least.
    const auto largest = [&](int64_t rows, float least_output) {
        return largest_cell(s, [&](float cell) {
            const Sizes sizes = sizes_for(slide, easel, cell, rows);
            return sizes.height <= easel.room_height() && sizes.output >= std::min(least_output, cell) &&
                   sizes.width <= easel.room_width();
        });
    };
    int64_t rows = std::min<int64_t>(channels, 6);
    while (rows > 1 && largest(rows, 11 * s) < 16 * s) --rows;
    float cell = largest(rows, 11 * s);
    if (cell <= 1) cell = largest(rows, 1);   // no room for readable outputs: at least the rest is readable
    Sizes sizes = sizes_for(slide, easel, cell, rows);

    int64_t now = 0;   // channel of the latest product, counted within the group
    if (slide.story)
        for (int64_t i = 0; i < slide.story->done; ++i) {
            const Term& term = slide.story->explanation.terms[static_cast<size_t>(i)];
            if (term.b.source == Source::weight)
                now = (term.padding ? term.padding->c : term.a.cell.c) - slide.input_channel(0);
        }
    sizes.first = now / rows * rows;
    if (sizes.first + rows > channels) sizes.first = channels - rows;
    easel.place_block(sizes.width, sizes.height);
    const bool stale = in.stale;
    const bool complete = slide.story && slide.story->complete;

    const float top = 34 * s;
    const float spine_x = sizes.partial_x + (kBox + 22) * s;
    const Tone line = stale ? Tone::inkd : Tone::output_line;
    Stroke spine;
    spine.tone = line;
    spine.width_px = 2 * s;

    const auto middle = [&](int64_t row) { return top + f(row) * (sizes.row_height + sizes.row_gap) + sizes.row_height / 2; };
    for (int64_t row = 0; row < rows; ++row) {
        const int64_t i = sizes.first + row, channel = slide.input_channel(i);
        const std::string suffix = i == 0 ? "" : "/" + std::to_string(i);
        const float mid = middle(row);
        const Grid& input = add_input(easel, slide, "input" + suffix, channel, 0,
                                      mid - f(slide.ring_rows()) * sizes.input / 2, sizes.input);
        const float kernel_y = mid - f(window.h.kernel) * sizes.kernel / 2;
        const Grid& kernel = add_kernel(easel, slide, "kernel" + suffix, i, sizes.kernel_x, kernel_y, sizes.kernel);
        const Grid& products = add_products(easel, slide, "products" + suffix, channel, sizes.products_x, kernel_y,
                                            sizes.kernel);
        if (row == 0) {
            const auto head = [&](const Grid& grid, const std::string& name, Tone tone, const std::string& note) {
                Grid at_top = grid;
                at_top.box.y = easel.at(0, top).y + 2 * s;
                easel.add_name(at_top, name, tone, note);
            };
            head(input, "Input", Tone::input_text, input_note(slide, sizes.first, rows));
            head(kernel, "Kernel", Tone::kernel_text, kernel_note(slide));
            head(products, "Products", Tone::ink, "");
        }
        // Channel number, = and partial sum.
        easel.scene.labels.push_back({{input.box.x - 10 * s, input.box.center().y}, Align::right, 13 * s,
                                      {{std::to_string(channel), Font::mono_bold, stale ? Tone::ink3 : Tone::input_text}}});
        easel.scene.labels.push_back({{(kernel.box.right() + products.box.x) / 2, kernel.box.center().y}, Align::center,
                                      16 * s, {{"=", Font::mono, Tone::ink3}}});
        if (const auto box = window_box(slide, input)) {
            add_projection_right(easel.scene, *box, kernel.box, input.box.right() + 2 * s, kernel.box.x - 4 * s, s);
            easel.add_outline(*box, Tone::kernel_line, 3, 5);
            easel.add_outline({kernel.box.x, kernel.box.y, kernel.box.w + 1, kernel.box.h + 1}, Tone::kernel_line, 2.5f, 5);
        }
        const Point corner = easel.at(sizes.partial_x, mid - 17 * s);
        const Box box{corner.x, corner.y, easel.length(kBox * s), easel.length(34 * s)};
        const auto sum = slide.story ? partial_sum(*slide.story, channel) : std::nullopt;
        const bool at_work = slide.story && !complete && i == now;
        easel.scene.strokes.push_back({{{products.box.right() + 4 * s, box.center().y}, {box.x - 2 * s, box.center().y}},
                                       Tone::ink3, 1.5f * s});
        NumberSource share{"channel's sum so far", {Source::stage, slide.plan.output, slide.cell()}};
        share.times.cell.c = channel;
        add_box(easel, box, sum ? number_text_short(*sum, 3) : "", share, Tone::canvas,
                at_work ? Tone::ink : Tone::line2, at_work ? 2.f : 1.f, stale ? Tone::ink3 : Tone::ink);
        Stroke branch = spine;
        branch.points = {{box.right() + 2 * s, box.center().y}, {easel.at(spine_x, 0).x, box.center().y}};
        easel.scene.strokes.push_back(branch);
        if (row == 0)
            easel.scene.labels.push_back({{box.center().x, easel.at(0, top).y - 32 * s}, Align::center, 14 * s,
                                          {{"Partial", Font::semibold, stale ? Tone::ink3 : Tone::ink}}});
    }

    // Output plane, the strip of channels above it.
    const Shape out = slide.layer.op_output().shape();
    const float output_height = f(window.h.out) * sizes.output;
    const float output_y = top + std::max((out.c > 1 ? 60.f : 10.f) * s, sizes.rows_height / 2 - output_height / 2 - 20 * s);
    const Grid& output = add_output(easel, slide, sizes.output_x, output_y, sizes.output);
    {
        Grid at_top = output;
        at_top.box.y = easel.at(0, out.c > 1 ? top : output_y).y + (out.c > 1 ? 2 * s : 12 * s);
        easel.add_name(at_top, "Output", Tone::output_text,
                       out.c > 1 ? fmt::format("{} channels", out.c) : fmt::format("{}×{}", out.h, out.w));
    }
    if (out.c > 1)
        add_strip(easel, {&slide.layer.op_output(), slide.cell().n, slide.cell().c, Role::output, "channel ",
                          sizes.output_x, top - 6 * s,
                          (easel.room_width() + sizes.width) / 2 - sizes.output_x + 10 * s});   // the block is centred

    if (slide.story) {
        const Box cell = output.cell_box(slide.cell().h, slide.cell().w);
        if (output.cells.empty()) easel.add_outline({cell.x, cell.y, cell.w + 1, cell.h + 1}, Tone::output_line, 3, 5);
        // The total: a pill below the output, fed by the spine.
        const std::string total = number_text_short(slide.story->sum);
        const std::vector<Run> runs{{total, Font::mono_bold, stale ? Tone::ink3 : Tone::output_text,
                                     {sum_source(in, *slide.story)}}};
        const float width = std::max(76 * s, text_width(runs, 17 * s) + 32 * s);
        const float pill_y = output.box.bottom() + 34 * s;
        const float pill_x = std::clamp(cell.center().x - width / 2, output.box.x - 8 * s,
                                        std::max(output.box.x - 8 * s, output.box.right() - width + 8 * s));
        const Box pill{pill_x, pill_y, width, 34 * s};
        Plate plate;
        plate.box = pill;
        plate.fill = Tone::canvas;
        plate.border = line;
        plate.border_px = 2 * s;
        plate.radius_px = 17 * s;
        easel.scene.plates.push_back(plate);
        easel.scene.labels.push_back({pill.center(), Align::center, 17 * s, runs});
        easel.scene.labels.push_back({{pill.center().x, pill.bottom() + 15 * s}, Align::center, 13 * s,
                                      {{complete ? "total" : "sum so far", Font::inter, Tone::ink2}}});
        Stroke up = spine;
        up.arrow = true;
        const float up_x = std::clamp(cell.center().x, pill.x + 17 * s, pill.right() - 17 * s);
        up.points = {{up_x, pill.y - 2 * s}, {up_x, output.box.bottom() + 6 * s}};
        easel.scene.strokes.push_back(up);
        // The spine itself, from the first to the last branch and to the pill.
        const float x = easel.at(spine_x, 0).x;
        const float first_y = easel.at(0, middle(0)).y;
        float last_y = std::max(easel.at(0, middle(rows - 1)).y, pill.center().y);
        if (slide.has_bias()) {
            const float bias_y = top + sizes.bias_y;
            const Point corner = easel.at(sizes.partial_x, bias_y - 16 * s);
            const Box box{corner.x, corner.y, easel.length(kBox * s), easel.length(32 * s)};
            add_box(easel, box, number_text_short(slide.bias(), 3), slide.bias_source(), stale ? Tone::panel : complete ? Tone::kernel_fill : Tone::kernel_tint,
                    stale ? Tone::line2 : complete ? Tone::kernel_line : Tone::kernel_edge, complete ? 1.5f : 1.f,
                    stale ? Tone::ink3 : Tone::kernel_text);
            easel.scene.labels.push_back({{box.x - 10 * s, box.center().y}, Align::right, 14 * s,
                                          {{"bias", Font::semibold, stale ? Tone::ink3 : Tone::kernel_text}}});
            Stroke bias = spine;
            bias.elbow_px = 10 * s;
            bias.points = {{box.right() + 2 * s, box.center().y}, {x, box.center().y}, {x, easel.at(0, middle(rows - 1)).y}};
            easel.scene.strokes.push_back(bias);
            // A total beside or above the bias ends the spine before the bias's bend; one further down does not.
            if (pill.center().y <= box.center().y + 12 * s)
                last_y = std::max(easel.at(0, middle(rows - 1)).y, std::min(last_y, box.center().y - 12 * s));
        }
        Stroke trunk = spine;
        trunk.points = {{x, std::min(first_y, pill.center().y)}, {x, last_y}};
        easel.scene.strokes.push_back(trunk);
        Stroke feed = spine;
        feed.points = {{x, pill.center().y}, {pill.x - 2 * s, pill.center().y}};
        easel.scene.strokes.push_back(feed);
        if (rows < channels) {   // say what the rows not shown hold
            double rest = 0;
            for (int64_t i = 0; i < channels; ++i)
                if (i < sizes.first || i >= sizes.first + rows)
                    rest += partial_sum(*slide.story, slide.input_channel(i)).value_or(0);
            NumberSource others{"other channels so far", {Source::stage, slide.plan.output, slide.cell()}};
            others.first = slide.input_channel(sizes.first);
            others.last = slide.input_channel(sizes.first + rows - 1);
            const Point below = easel.at(0, top + sizes.rows_height + 16 * s);
            easel.scene.labels.push_back({below, Align::left, 12.5f * s,
                                          {{rows + 1 == channels ? "the other channel adds "
                                                                 : fmt::format("the other {} channels add ", channels - rows),
                                            Font::inter, Tone::ink2},
                                           {number_text_short(rest), Font::mono_bold, Tone::ink, {others}}}});
        }
    }
    easel.add_caption(slide_caption(slide), sizes.height + 40 * s);
    return easel.finish();
}

}  // namespace convscope
