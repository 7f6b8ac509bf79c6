// The slide view: the window moves over the padded input, its products add up to one output cell after another.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/slide_parts.h"

namespace convscope {
namespace {

std::string padding_words(const Window& window) {
    const auto& h = window.h;
    const auto& w = window.w;
    if (window.transposed() || h.pad_before + h.pad_after + w.pad_before + w.pad_after == 0) return {};
    if (h.pad_before == h.pad_after && w.pad_before == w.pad_after)
        return h.pad_before == w.pad_before ? fmt::format(", padding {}", h.pad_before)
                                            : fmt::format(", padding {}×{}", h.pad_before, w.pad_before);
    return fmt::format(", padding {}+{} rows and {}+{} columns", h.pad_before, h.pad_after, w.pad_before, w.pad_after);
}

std::string of_text(int64_t i, int64_t count) {
    return count > 1 ? fmt::format(", channel {} of {}", i, count) : std::string();
}

std::string input_note(const Slide& slide, int64_t i, bool brief) {
    const Shape shape = slide.layer.input.shape();
    if (brief) return shape.c > 1 ? fmt::format("channel {} of {}", slide.input_channel(i), shape.c)
                                  : fmt::format("{}×{}", slide.window.h.in, slide.window.w.in);
    std::string note = fmt::format("{}×{}", slide.window.h.in, slide.window.w.in) +
                       padding_words(slide.window) + of_text(slide.input_channel(i), shape.c);
    if (shape.n > 1) note += fmt::format(", sample {} of {}", slide.cell().n, shape.n);
    return note;
}

std::string output_note(const Slide& slide, bool brief) {
    const std::string note = fmt::format("{}×{}", slide.window.h.out, slide.window.w.out);
    return brief ? note : note + of_text(slide.cell().c, slide.layer.op_output().shape().c);
}

/// Where the parts stand. below: products below the kernel, the output beside both. beside: all in a row, for low canvases.
/// stacked: the output below the input, for narrow panes.
enum class Arrangement { below, beside, stacked };

/// Sizes of the one-channel picture in base pixels.
struct Sizes {
    Arrangement arrangement = Arrangement::below;
    float cell = 0, kernel_cell = 0, output_cell = 0;
    float width = 0, height = 0;
    float kernel_x = 0, products_x = 0, output_x = 0;
    float products_y = 0, output_y = 0, flow_y = 0;   // of the products' and the output's top and of the arrow, from the
                                                      // grids' top
    float strip = 0;                                  // height of the output channels' thumbnails
    bool in_row() const { return arrangement == Arrangement::beside; }
    bool stacked() const { return arrangement == Arrangement::stacked; }
};

constexpr float kUnder = 44;             // from a grid's lower edge to one below it, with its name and indices
constexpr float kPillRoom = 52;          // from the products' lower edge to that of the sum's pill below them

Sizes sizes_for(const Slide& slide, const Easel& easel, int64_t i, float cell, Arrangement arrangement) {
    const float s = easel.scale(), gap = easel.gap();
    const auto f = [](int64_t n) { return static_cast<float>(n); };
    const Window& window = slide.window;
    Sizes sizes;
    sizes.cell = sizes.output_cell = cell;
    sizes.arrangement = arrangement;
    // Kernels stay readable beside large inputs.
    sizes.strip = slide.layer.op_output().shape().c > 1 ? 48 * s : 0;
    const bool in_row = sizes.in_row(), stacked = sizes.stacked();
    const float bias = slide.has_bias() ? 38 * s : 0;
    const float room = easel.room_height() - 34 * s - (stacked ? 0 : sizes.strip);
    const float below = 92 * s + (stacked ? kPillRoom * s + bias : 0);   // between and under kernel and products
    const float kernel_room = in_row ? (room - 60 * s) / f(window.h.kernel) : (room - below) / (2 * f(window.h.kernel));
    sizes.kernel_cell = std::max(cell, std::min(26 * s, std::floor(std::max(4.f, kernel_room))));
    if (stacked)
        sizes.kernel_cell = std::max(cell, std::min(sizes.kernel_cell, std::floor(easel.room_width() * 0.3f / f(window.w.kernel))));
    const float kernel_width = f(window.w.kernel) * sizes.kernel_cell, kernel_height = f(window.h.kernel) * sizes.kernel_cell;
    const float input_height = f(slide.ring_rows()) * cell;
    // Above few columns the input's name is the wider of the two.
    const float name = stacked ? std::max(name_width("Input", input_note(slide, i, true)), name_width("Output", output_note(slide, true))) + 24
                               : name_width("Input", input_note(slide, i, false)) + 20;
    sizes.kernel_x = std::max(f(slide.ring_columns()) * cell + (stacked ? 24 * s : gap), name * s);
    if (stacked) {
        const float left = input_height + kUnder * s, right = std::max(kernel_width, (name_width("Products", "") + 4) * s);
        sizes.products_x = sizes.kernel_x;
        sizes.products_y = kernel_height + below - (kPillRoom * s + bias);
        sizes.output_y = left;
        sizes.width = sizes.kernel_x + right;
        // The output takes what is left below the input, but needs no more than digits need.
        const float tall = (room - left - sizes.strip) / f(window.h.out);
        const float wide = (sizes.width - 100 * s) / f(window.w.out);
        sizes.output_cell = std::floor(std::clamp(std::min(tall, wide), std::min(cell, 14 * s), std::max(cell, 28 * s)));
        const float output_height = f(window.h.out) * sizes.output_cell;
        // An output wider than the input pushes kernel and products aside.
        sizes.kernel_x = sizes.products_x = std::max(sizes.kernel_x, f(window.w.out) * sizes.output_cell + 24 * s);
        sizes.width = sizes.kernel_x + right;
        sizes.flow_y = sizes.products_y + kernel_height + 36 * s;
        sizes.height = 34 * s + std::max(sizes.output_y + output_height + sizes.strip, sizes.flow_y + 16 * s + bias);
        sizes.width = std::max(sizes.width, f(window.w.out) * sizes.output_cell + 100 * s);
        // More air above its name, where there is any.
        const float spare = std::clamp(easel.room_height() - sizes.height, 0.f, 12 * s);
        sizes.output_y += spare;
        sizes.height += spare;
        return sizes;
    }
    const float output_height = f(window.h.out) * cell;
    sizes.products_x = in_row ? sizes.kernel_x + kernel_width + gap : sizes.kernel_x;
    sizes.output_x = sizes.products_x + kernel_width + gap;
    sizes.width = sizes.output_x + f(window.w.out) * cell;
    const float grids = in_row ? std::max({input_height, kernel_height, output_height})
                               : std::max(input_height, 2 * kernel_height + 92 * s);
    sizes.products_y = in_row ? 0 : grids - kernel_height;
    sizes.flow_y = in_row ? std::max(kernel_height, output_height) + 36 * s
                          : std::max(sizes.products_y + kernel_height / 2, output_height + 46 * s);
    sizes.height = 34 * s + std::max(grids, sizes.flow_y + (slide.has_bias() ? 56 * s : 18 * s)) + sizes.strip;
    // The pill with the sum stands right of the products.
    sizes.width = std::max(sizes.width, sizes.products_x + kernel_width + 150 * s);
    return sizes;
}

/// Largest cells that fit; products go below the kernel unless that makes the numbers small.
Sizes fitting_sizes(const Slide& slide, const Easel& easel, int64_t i) {
    const auto largest = [&](Arrangement arrangement) {
        return sizes_for(slide, easel, i, largest_cell(easel.scale(), [&](float cell) {
            const Sizes sizes = sizes_for(slide, easel, i, cell, arrangement);
            return sizes.width <= easel.room_width() && sizes.height <= easel.room_height() &&
                   sizes.output_cell >= std::min(cell, 26 * easel.scale());
        }), arrangement);
    };
    const auto least = [](const Sizes& sizes) { return std::min({sizes.cell, sizes.kernel_cell, sizes.output_cell}); };
    Sizes best = largest(Arrangement::below);
    if (least(best) >= 26 * easel.scale()) return best;
    for (const Arrangement other : {Arrangement::beside, Arrangement::stacked})
        if (const Sizes sizes = largest(other); least(sizes) > least(best)) best = sizes;
    return best;
}

/// Pill with the sum between products and output cell, its arrow, and the bias below it.
void add_flow(Easel& easel, const Slide& slide, const Sizes& sizes, const Grid& products, const Grid& output, float flow_y) {
    const float s = easel.scale();
    Scene& scene = easel.scene;
    const Story& story = *slide.story;
    const bool stale = slide.in.stale;
    const Tone line = stale ? Tone::inkd : Tone::output_line, text = stale ? Tone::ink3 : Tone::output_text;
    std::vector<Run> runs{{"sum ", Font::inter, stale ? Tone::ink3 : Tone::ink2},
                          {number_text_short(story.sum), Font::mono_bold, text, {sum_source(slide.in, story)}}};
    if (sizes.stacked() && output.box.right() + 40 * s + text_width(runs, 14 * s) + 48 * s > slide.in.size_px.x)
        runs.erase(runs.begin());
    const float width = text_width(runs, 14 * s) + (sizes.stacked() ? 32 : 48) * s;
    const Box cell = output.cell_box(story.cell.h, story.cell.w);
    const float target_x = std::clamp(cell.center().x, 0.f, scene.size_px.x);
    const float start_x = products.box.right() + 6 * s;
    Box pill{start_x + 30 * s, flow_y - 15 * s, width, 30 * s};
    if (sizes.stacked())   // under the products, but within the block
        pill.x = std::max(output.box.right() + 30 * s,
                          std::min(products.box.center().x - width / 2, easel.at(sizes.width, 0).x - width));
    const bool straight_up = target_x < pill.right() + 18 * s;

    Stroke in;
    in.tone = line;
    in.width_px = 2 * s;
    in.elbow_px = 14 * s;
    if (sizes.stacked()) in.points = {{products.box.center().x, products.box.bottom() + 6 * s}, {products.box.center().x, pill.y}};
    else if (flow_y < products.box.bottom() - 4 * s) in.points = {{start_x, flow_y}, {pill.x, flow_y}};
    else in.points = {{products.box.center().x, products.box.bottom() + 6 * s}, {products.box.center().x, flow_y}, {pill.x, flow_y}};
    scene.strokes.push_back(in);

    Stroke up = in;
    up.arrow = true;
    const float end_y = output.box.bottom() + 6 * s;
    if (sizes.stacked()) {   // to the cell's row, from the right
        const float row = std::clamp(cell.center().y, output.box.y, output.box.bottom()), turn = output.box.right() + 18 * s;
        up.elbow_px = 6 * s;
        up.points = {{pill.x, flow_y}, {turn, flow_y}, {turn, row}, {output.box.right() + 5 * s, row}};
        if (std::abs(row - flow_y) < 4 * s) up.points = {{pill.x, row}, {output.box.right() + 5 * s, row}};
    } else if (straight_up) {
        const float x = std::clamp(target_x, pill.x + 15 * s, pill.right() - 15 * s);
        up.points = {{x, pill.y}, {x, end_y}};
    } else {
        up.points = {{pill.right(), flow_y}, {target_x, flow_y}, {target_x, end_y}};
    }
    scene.strokes.push_back(up);

    Plate plate;
    plate.box = pill;
    plate.fill = Tone::canvas;
    plate.border = line;
    plate.border_px = 1.5f * s;
    plate.radius_px = 15 * s;
    scene.plates.push_back(plate);
    scene.labels.push_back({pill.center(), Align::center, 14 * s, runs});

    if (!slide.has_bias()) return;
    const bool added = story.complete;
    const std::vector<Run> bias{{"bias ", Font::inter, Tone::ink2},
                                {number_text_short(slide.bias()), Font::mono_bold, stale ? Tone::ink3 : Tone::kernel_text,
                                 {slide.bias_source()}}};
    const float bias_width = text_width(bias, 13 * s) + 24 * s;
    const Box box{pill.center().x - bias_width / 2, pill.bottom() + 12 * s, bias_width, 26 * s};
    scene.strokes.push_back({{{box.center().x, box.y}, {box.center().x, pill.bottom()}},
                             added && !stale ? Tone::kernel_line : Tone::line2, 1.5f * s});
    Plate bias_plate;
    bias_plate.box = box;
    bias_plate.fill = stale ? Tone::panel : added ? Tone::kernel_fill : Tone::kernel_tint;
    bias_plate.border = stale ? Tone::line2 : added ? Tone::kernel_line : Tone::kernel_edge;
    bias_plate.border_px = (added ? 1.5f : 1.f) * s;
    bias_plate.radius_px = 6 * s;
    scene.plates.push_back(bias_plate);
    scene.labels.push_back({box.center(), Align::center, 13 * s, bias});
}

}  // namespace

Scene build_slide_one(const Slide& slide, int64_t i) {
    const ViewInput& in = slide.in;
    Easel easel(in);
    const float s = easel.scale();
    const auto f = [](int64_t n) { return static_cast<float>(n); };
    const Window& window = slide.window;
    const Sizes sizes = fitting_sizes(slide, easel, i);
    const float side = sizes.cell, top = 34 * s;
    easel.place_block(sizes.width, sizes.height);
    const int64_t channel = slide.input_channel(i);
    const Shape out_shape = slide.layer.op_output().shape();

    const Grid& input = add_input(easel, slide, "input", channel, 0, top, side);
    const Grid& kernel = add_kernel(easel, slide, "kernel", i, sizes.kernel_x, top, sizes.kernel_cell);
    const Grid& products = add_products(easel, slide, "products", channel, sizes.products_x, top + sizes.products_y,
                                        sizes.kernel_cell);
    const Grid& output = add_output(easel, slide, sizes.output_x, top + sizes.output_y, sizes.output_cell);

    easel.add_name(input, "Input", Tone::input_text, input_note(slide, i, sizes.stacked()));
    easel.add_name(kernel, "Kernel", Tone::kernel_text, fmt::format("{}×{}", window.h.kernel, window.w.kernel));
    easel.add_name(output, "Output", Tone::output_text, output_note(slide, sizes.stacked()));
    easel.scene.labels.push_back({{products.box.x, products.box.y - (in.lecture ? 18 : sizes.in_row() ? 34 : 25) * s}, Align::left, 14 * s,
                                  {{"Products", Font::semibold, in.stale ? Tone::ink3 : Tone::ink}}});
    easel.add_indices(input, window.h.in, window.w.in);
    easel.add_indices(kernel, window.h.kernel, window.w.kernel);
    easel.add_indices(output, window.h.out, window.w.out);

    // × between kernel and products.
    const float ring_y = (kernel.box.bottom() + products.box.y - 38 * s) / 2 + 3 * s;
    const float ring_x = kernel.box.center().x;
    const float line_top = kernel.box.bottom() + 8 * s, line_bottom = products.box.y - 40 * s;
    if (sizes.in_row()) {
        easel.scene.labels.push_back({{kernel.box.right() + easel.gap() / 2, kernel.box.center().y}, Align::center, 18 * s,
                                      {{"=", Font::mono, Tone::ink2}}});
    } else if (line_bottom - line_top >= 24 * s) {
        easel.scene.strokes.push_back({{{ring_x, line_top}, {ring_x, line_bottom}}, Tone::ink3, 1 * s});
        Plate ring;
        ring.box = {ring_x - 11 * s, ring_y - 11 * s, 22 * s, 22 * s};
        ring.fill = Tone::canvas;
        ring.border = Tone::ink2;
        ring.border_px = 1.2f * s;
        ring.radius_px = 11 * s;
        // The ring lies over its line: plates come before strokes, so the line is cut instead.
        easel.scene.strokes.back().points[1].y = ring.box.y;
        easel.scene.strokes.push_back({{{ring_x, ring.box.bottom()}, {ring_x, line_bottom}}, Tone::ink3, 1 * s});
        easel.scene.plates.push_back(ring);
        easel.scene.labels.push_back({ring.box.center(), Align::center, 14 * s, {{"×", Font::mono_bold, Tone::ink}}});
    }

    if (const auto box = window_box(slide, input)) {
        const Box& to = sizes.in_row() ? kernel.box : products.box;
        // Not across an output that is wider than the input above it.
        if (!sizes.stacked() || output.box.right() <= input.box.right() + 8 * s)
            add_projection_right(easel.scene, *box, to, input.box.right() + 2 * s, to.x - (sizes.in_row() && !in.lecture ? 18 : 2) * s, s);
        easel.add_outline(*box, Tone::kernel_line, 3, 5);
        easel.add_outline({kernel.box.x, kernel.box.y, kernel.box.w + 1, kernel.box.h + 1}, Tone::kernel_line, 3, 5);
    }
    if (slide.story) {
        if (output.cells.empty())   // a cell draws its own frame
            easel.add_outline(cells_box(output, slide.cell().h, slide.cell().w, slide.cell().h, slide.cell().w),
                              Tone::output_line, 3, 5);
        add_flow(easel, slide, sizes, products, output, easel.at(0, top + sizes.flow_y).y);
        if (out_shape.c > 1)
            add_strip(easel, {&slide.layer.op_output(), slide.cell().n, slide.cell().c, Role::output, "channel ",
                              sizes.output_x,
                              sizes.stacked() ? top + sizes.output_y + f(window.h.out) * sizes.output_cell + 10 * s
                                              : sizes.height - sizes.strip + 10 * s,
                              std::max(f(window.w.out) * sizes.output_cell, 120 * s)});
    }
    easel.add_caption(slide_caption(slide), sizes.height + 42 * s);
    return easel.finish();
}

Scene build_slide(const ViewInput& in) {
    if (!in.result->layers[static_cast<size_t>(in.layer)].plan.window) return build_slide_cell(in);
    const Slide slide(in);
    if (!slide.has_weights()) return build_slide_pool(slide);
    return slide.window.in_per_group > 1 ? build_slide_channels(slide) : build_slide_one(slide);
}

}  // namespace convscope
