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
    return fmt::format(", padding {}+{} rows, {}+{} columns", h.pad_before, h.pad_after, w.pad_before, w.pad_after);
}

std::string of_text(int64_t i, int64_t count) {
    return count > 1 ? fmt::format(", channel {} of {}", i, count) : std::string();
}

std::string input_note(const Slide& slide) {
    const Shape shape = slide.layer.input.shape();
    std::string note = fmt::format("{}×{}", slide.window.h.in, slide.window.w.in) +
                       padding_words(slide.window) + of_text(slide.input_channel(0), shape.c);
    if (shape.n > 1) note += fmt::format(", sample {} of {}", slide.cell().n, shape.n);
    return note;
}

/// Sizes of the one-channel picture in base pixels.
struct Sizes {
    float cell = 0, kernel_cell = 0;
    float width = 0, height = 0;
    bool in_row = false;                    // products beside the kernel, for low canvases; else below it
    float kernel_x = 0, products_x = 0, output_x = 0;
    float products_y = 0, flow_y = 0;       // of the products' top and of the arrow, from the grids' top
    float strip = 0;                        // height of the output channels' thumbnails
};

Sizes sizes_for(const Slide& slide, const Easel& easel, float cell, bool in_row) {
    const float s = easel.scale(), gap = easel.gap();
    const auto f = [](int64_t n) { return static_cast<float>(n); };
    const Window& window = slide.window;
    Sizes sizes;
    sizes.cell = cell;
    sizes.in_row = in_row;
    // Kernels stay readable beside large inputs.
    sizes.strip = slide.layer.op_output().shape().c > 1 ? 48 * s : 0;
    const float room = easel.room_height() - 34 * s - sizes.strip;
    const float kernel_room = in_row ? (room - 60 * s) / f(window.h.kernel) : (room - 92 * s) / (2 * f(window.h.kernel));
    sizes.kernel_cell = std::max(cell, std::min(26 * s, std::floor(std::max(4.f, kernel_room))));
    const float kernel_width = f(window.w.kernel) * sizes.kernel_cell, kernel_height = f(window.h.kernel) * sizes.kernel_cell;
    const float input_height = f(slide.ring_rows()) * cell, output_height = f(window.h.out) * cell;
    // Above few columns the input's name is the wider of the two.
    sizes.kernel_x = std::max(f(slide.ring_columns()) * cell + gap, (name_width("Input", input_note(slide)) + 20) * s);
    sizes.products_x = in_row ? sizes.kernel_x + kernel_width + gap : sizes.kernel_x;
    sizes.output_x = sizes.products_x + kernel_width + gap;
    sizes.width = sizes.output_x + f(window.w.out) * cell;
    const float grids = in_row ? std::max({input_height, kernel_height, output_height})
                               : std::max(input_height, 2 * kernel_height + 92 * s);
    sizes.products_y = in_row ? 0 : grids - kernel_height;
    sizes.flow_y = in_row ? std::max(kernel_height, output_height) + 36 * s
                          : std::max(sizes.products_y + kernel_height / 2, output_height + 46 * s);
    sizes.height = 34 * s + std::max(grids, sizes.flow_y + (slide.has_bias() ? 56 * s : 18 * s)) + sizes.strip;
    return sizes;
}

/// Largest cells that fit; products go below the kernel unless that makes the numbers small.
Sizes fitting_sizes(const Slide& slide, const Easel& easel) {
    const auto largest = [&](bool in_row) {
        return sizes_for(slide, easel, largest_cell(easel.scale(), [&](float cell) {
            const Sizes sizes = sizes_for(slide, easel, cell, in_row);
            return sizes.width <= easel.room_width() && sizes.height <= easel.room_height();
        }), in_row);
    };
    const Sizes below = largest(false);
    if (std::min(below.cell, below.kernel_cell) >= 26 * easel.scale()) return below;
    const Sizes beside = largest(true);
    return std::min(beside.cell, beside.kernel_cell) > std::min(below.cell, below.kernel_cell) ? beside : below;
}

/// Pill with the sum between products and output cell, its arrow, and the bias below it.
void add_flow(Easel& easel, const Slide& slide, const Grid& products, const Grid& output, float flow_y) {
    const float s = easel.scale();
    Scene& scene = easel.scene;
    const Story& story = *slide.story;
    const bool stale = slide.in.stale;
    const Tone line = stale ? Tone::inkd : Tone::output_line, text = stale ? Tone::ink3 : Tone::output_text;
    const std::vector<Run> runs{{"sum ", Font::inter, stale ? Tone::ink3 : Tone::ink2},
                                {number_text_short(story.sum), Font::mono_bold, text, {sum_source(slide.in, story)}}};
    const float width = text_width(runs, 14 * s) + 48 * s;
    const Box cell = output.cell_box(story.cell.h, story.cell.w);
    const float target_x = std::clamp(cell.center().x, 0.f, scene.size_px.x);
    const float start_x = products.box.right() + 6 * s;
    const Box pill{start_x + 30 * s, flow_y - 15 * s, width, 30 * s};
    const bool straight_up = target_x < pill.right() + 18 * s;

    Stroke in;
    in.tone = line;
    in.width_px = 2 * s;
    in.elbow_px = 14 * s;
    if (flow_y < products.box.bottom() - 4 * s) in.points = {{start_x, flow_y}, {pill.x, flow_y}};
    else in.points = {{products.box.center().x, products.box.bottom() + 6 * s}, {products.box.center().x, flow_y}, {pill.x, flow_y}};
    scene.strokes.push_back(in);

    Stroke up = in;
    up.arrow = true;
    const float end_y = output.box.bottom() + 6 * s;
    if (straight_up) {
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

Scene build_slide_one(const Slide& slide) {
    const ViewInput& in = slide.in;
    Easel easel(in);
    const float s = easel.scale();
    const auto f = [](int64_t n) { return static_cast<float>(n); };
    const Window& window = slide.window;
    const Sizes sizes = fitting_sizes(slide, easel);
    const float side = sizes.cell, top = 34 * s;
    easel.place_block(sizes.width, sizes.height);
    const int64_t channel = slide.input_channel(0);
    const Shape out_shape = slide.layer.op_output().shape();

    const Grid& input = add_input(easel, slide, "input", channel, 0, top, side);
    const Grid& kernel = add_kernel(easel, slide, "kernel", 0, sizes.kernel_x, top, sizes.kernel_cell);
    const Grid& products = add_products(easel, slide, "products", channel, sizes.products_x, top + sizes.products_y,
                                        sizes.kernel_cell);
    const Grid& output = add_output(easel, slide, sizes.output_x, top, side);

    easel.add_name(input, "Input", Tone::input_text, input_note(slide));
    easel.add_name(kernel, "Kernel", Tone::kernel_text, fmt::format("{}×{}", window.h.kernel, window.w.kernel));
    easel.add_name(output, "Output", Tone::output_text,
                   fmt::format("{}×{}", window.h.out, window.w.out) + of_text(slide.cell().c, out_shape.c));
    easel.scene.labels.push_back({{products.box.x, products.box.y - (sizes.in_row ? 34 : 25) * s}, Align::left, 14 * s,
                                  {{"Products", Font::semibold, in.stale ? Tone::ink3 : Tone::ink}}});
    easel.add_indices(input, window.h.in, window.w.in);
    easel.add_indices(kernel, window.h.kernel, window.w.kernel);
    easel.add_indices(output, window.h.out, window.w.out);

    // × between kernel and products.
    const float ring_y = (kernel.box.bottom() + products.box.y - 38 * s) / 2 + 3 * s;
    const float ring_x = kernel.box.center().x;
    const float line_top = kernel.box.bottom() + 8 * s, line_bottom = products.box.y - 40 * s;
    if (sizes.in_row) {
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
        const Box& to = sizes.in_row ? kernel.box : products.box;
        add_projection_right(easel.scene, *box, to, input.box.right() + 2 * s, to.x - (sizes.in_row ? 18 : 2) * s, s);
        easel.add_outline(*box, Tone::kernel_line, 3, 5);
        easel.add_outline({kernel.box.x, kernel.box.y, kernel.box.w + 1, kernel.box.h + 1}, Tone::kernel_line, 3, 5);
    }
    if (slide.story) {
        if (output.cells.empty())   // a cell draws its own frame
            easel.add_outline(cells_box(output, slide.cell().h, slide.cell().w, slide.cell().h, slide.cell().w),
                              Tone::output_line, 3, 5);
        add_flow(easel, slide, products, output, easel.at(0, top + sizes.flow_y).y);
        if (out_shape.c > 1)
            add_strip(easel, {&slide.layer.op_output(), slide.cell().n, slide.cell().c, Role::output, "channel ",
                              sizes.output_x, sizes.height - sizes.strip + 10 * s, std::max(f(window.w.out) * side, 120 * s)});
    }
    easel.add_caption(slide_caption(slide), sizes.height + 42 * s);
    return easel.finish();
}

Scene build_slide(const ViewInput& in) {
    const Slide slide(in);
    if (!slide.has_weights()) return build_slide_pool(slide);
    return slide.window.in_per_group > 1 ? build_slide_channels(slide) : build_slide_one(slide);
}

}  // namespace convscope
