// The slide view of a layer without a window: one output cell at a time, the input cells it is made of, and the formula on
// the way with its numbers. Where a statistic of the channel stands in it, all of the channel is shown as read.
#include <algorithm>
#include <numeric>
#include <set>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/derivation.h"
#include "app/views/slide_parts.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr float kTop = 34;                         // a grid's name and indices above it
constexpr float kText = 14, kLine = 24, kPad = 18; // the card's text, a line of it, its margin at the sides
constexpr float kBetween = 52;                     // from a grid to the card beside it
constexpr float kFlow = 30;                        // free height for an arrow
constexpr float kSample = 40;                      // side of another sample's plane
constexpr size_t kLongest = 44;                    // a formula that a sentence can hold, in characters

float f(int64_t n) { return static_cast<float>(n); }

struct CellSlide {
    const ViewInput& in;
    const LayerResult& layer;
    Place place;
    std::optional<Derivation> derivation;          // none before the first step

    explicit CellSlide(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          place(in.timeline->at(in.step)) {
        if (place.started && !place.finishing) derivation = derive(in, place.cell);
    }
    Index cell() const { return place.cell; }
    Shape input() const { return layer.input.shape(); }
    Shape output() const { return layer.op_output().shape(); }
    /// A statistic of the channel is among the numbers: all of the channel is read, in every sample.
    bool reads_channel() const { return derivation && derivation->group > 0; }
    bool shows_samples() const { return reads_channel() && input().n > 1 && !in.pane; }
    bool shows_channels() const { return derivation && output().c > 1 && !in.pane; }
    double value() const { return static_cast<double>(layer.op_output().at(cell())); }
};

// ---- The card: the derivation's lines, or a pill when there is one.

struct CardLine {
    std::string name;
    std::vector<Run> runs;
};
struct Card {
    std::vector<CardLine> lines;
    float names = 0, width = 0, height = 0;        // of the names' column, of the whole
    float text = 0;                                // size of the text
};

size_t glyphs_of(const std::vector<Run>& runs) {
    return std::accumulate(runs.begin(), runs.end(), size_t(0), [](size_t sum, const Run& run) { return sum + glyphs(run.text); });
}

/// Broken behind spaces, so that no line is wider. A number with its source stays whole.
std::vector<std::vector<Run>> broken(const std::vector<Run>& runs, float size, float width) {
    std::vector<std::vector<Run>> words;
    for (const Run& run : runs)
        for (size_t start = 0, end = 0; start < run.text.size(); start = end) {
            const size_t space = run.from.empty() ? run.text.find(' ', start) : std::string::npos;
            end = space == std::string::npos ? run.text.size() : space + 1;
            if (words.empty() || words.back().back().text.ends_with(' ')) words.emplace_back();
            words.back().push_back({run.text.substr(start, end - start), run.font, run.tone, run.from});
        }
    std::vector<std::vector<Run>> lines(1);
    float x = 0;
    for (const std::vector<Run>& word : words) {
        const float w = text_width(word, size);
        if (x + w > width && x > 0) lines.emplace_back(), x = 0;
        x += w;
        for (const Run& run : word) {
            Run* const last = lines.back().empty() ? nullptr : &lines.back().back();
            if (last && last->tone == run.tone && last->font == run.font && last->from.empty() && run.from.empty()) last->text += run.text;
            else lines.back().push_back(run);
        }
    }
    return lines;
}

Card card_of(const CellSlide& slide, float scale, float room) {
    Card card;
    if (!slide.derivation) return card;
    std::vector<DerivationLine> lines = slide.derivation->lines;
    // In a pane the last steps only: mean and variance stand in the formula.
    if (slide.in.pane && lines.size() > 2) lines.erase(lines.begin(), lines.end() - 2);
    const float size = card.text = (slide.in.pane ? 12.5f : kText) * scale;
    if (lines.size() > 1)
        for (const DerivationLine& line : lines)
            card.names = std::max(card.names, text_width(Font::inter, size, line.name) + 14 * scale);
    const float width = std::min(room, 640 * scale) - 2 * kPad * scale - card.names;
    for (const DerivationLine& line : lines) {
        const bool last = &line == &lines.back();
        std::vector<Run> runs = line.made_of;
        runs.push_back({" = ", Font::mono, Tone::ink2});
        runs.push_back({number_text_short(last ? slide.value() : line.value), last ? Font::mono_bold : Font::mono,
                        last ? Tone::output_text : Tone::ink,
                        {value_at({Source::stage, line.stage, last ? slide.cell() : line.cell})}});
        std::string name = lines.size() > 1 ? line.name : "";
        for (auto& part : broken(runs, size, width)) {
            card.width = std::max(card.width, text_width(part, size));
            card.lines.push_back({std::exchange(name, ""), std::move(part)});
        }
    }
    card.width += card.names + 2 * kPad * scale;
    card.height = card.lines.size() == 1 ? 32 * scale : (f(static_cast<int64_t>(card.lines.size())) * kLine + 16) * scale;
    return card;
}

void add_card(Easel& easel, const Card& card, const Box& box, bool stale) {
    const float s = easel.scale();
    Plate plate;
    plate.box = box;
    plate.fill = Tone::canvas;
    plate.border = stale ? Tone::inkd : Tone::output_line;
    plate.border_px = 1.5f * s;
    plate.radius_px = card.lines.size() == 1 ? box.h / 2 : 8 * s;
    easel.scene.plates.push_back(plate);
    for (size_t i = 0; i < card.lines.size(); ++i) {
        const float y = card.lines.size() == 1 ? box.center().y : box.y + (8 + (f(static_cast<int64_t>(i)) + 0.5f) * kLine) * s;
        std::vector<Run> runs = card.lines[i].runs;
        if (stale)
            for (Run& run : runs) run.tone = Tone::ink3;
        easel.scene.labels.push_back({{box.x + kPad * s + card.names, y}, Align::left, card.text, std::move(runs)});
        if (!card.lines[i].name.empty())
            easel.scene.labels.push_back({{box.x + kPad * s, y}, Align::left, card.text,
                                          {{card.lines[i].name, Font::inter, stale ? Tone::ink3 : Tone::ink2}}});
    }
}

// ---- Places

/// `brief`: in a pane.
std::string plane_note(Shape shape, Index cell, bool brief) {
    std::string note = fmt::format("{}×{}", shape.h, shape.w);
    if (brief) {
        if (shape.c > 1) note += fmt::format(", c {}", cell.c);
        if (shape.n > 1) note += fmt::format(", n {}", cell.n);
        return note;
    }
    if (shape.c > 1) note += fmt::format(", channel {} of {}", cell.c, shape.c);
    if (shape.n > 1) note += fmt::format(", sample {} of {}", cell.n, shape.n);
    return note;
}

/// below: the card below both grids. between: in a row with them, where there is width but no height. stacked: input, card
/// and output one below the other.
enum class Fold { below, between, stacked };

struct Places {
    Fold fold = Fold::below;
    float cell = 0, width = 0, height = 0;
    float strips = 0;                              // height of the row above the grids: other samples, output channels
    float input_y = 0, output_x = 0, output_y = 0, card_x = 0, card_y = 0, strip_y = 0;
};

Places places_for(const CellSlide& slide, const Easel& easel, const Card& card, float cell, Fold fold) {
    const float s = easel.scale(), top = kTop * s;
    const Shape in = slide.input(), out = slide.output();
    Places p;
    p.fold = fold;
    const bool stacked = fold == Fold::stacked;
    p.cell = cell;
    const float samples = slide.shows_samples() ? (kSample + 46) * s : 0, channels = slide.shows_channels() ? 66 * s : 0;
    p.strips = stacked ? samples : std::max(samples, channels);
    p.input_y = p.strips + top;
    const float in_w = f(in.w) * cell, in_h = f(in.h) * cell, out_w = f(out.w) * cell, out_h = f(out.h) * cell;
    const float in_name = name_width("Input", plane_note(in, slide.cell(), slide.in.pane)) * s;
    const float out_name = name_width("Output", plane_note(out, slide.cell(), slide.in.pane)) * s;
    const float flow = card.lines.empty() ? 0 : kFlow * s;
    if (stacked) {
        p.width = std::max({in_w, out_w, in_name, out_name, card.width});
        p.card_y = p.input_y + in_h + flow;
        p.output_y = p.card_y + card.height + flow + top;
        p.strip_y = p.output_y + out_h + 12 * s;
        p.height = p.output_y + out_h + (channels > 0 ? 54 * s : 0);
        return p;
    }
    p.output_y = p.input_y;
    p.strip_y = p.strips - (samples > 0 ? 70 : 62) * s;
    if (fold == Fold::between) {
        p.card_x = std::max(in_w + kBetween * s, in_name + 20 * s);
        p.output_x = p.card_x + card.width + kBetween * s;
        p.width = p.output_x + std::max(out_w, out_name);
        const float grids = std::max(in_h, out_h);
        p.card_y = p.input_y + std::max(0.f, (grids - card.height) / 2);
        p.height = std::max(p.input_y + grids, p.card_y + card.height);
        return p;
    }
    p.output_x = std::max(in_w, in_name) + easel.gap();
    p.width = p.output_x + std::max(out_w, out_name);
    p.card_y = p.input_y + std::max(in_h, out_h) + flow;
    p.card_x = std::max(0.f, (p.width - card.width) / 2);
    // A card wider than the grids has them above its middle.
    p.width = std::max(p.width, card.width);
    p.height = p.card_y + card.height;
    return p;
}

Places fitting_places(const CellSlide& slide, const Easel& easel, const Card& card) {
    const auto largest = [&](Fold fold) {
        return places_for(slide, easel, card, largest_cell(easel.scale(), [&](float cell) {
            const Places p = places_for(slide, easel, card, cell, fold);
            return p.width <= easel.room_width() && p.height <= easel.room_height();
        }), fold);
    };
    Places best = largest(Fold::below);
    for (const Fold other : {Fold::between, Fold::stacked})
        if (const Places p = largest(other); p.cell > 1.15f * best.cell) best = p;
    return best;
}

// ---- Grids

Grid& add_plane(Easel& easel, const CellSlide& slide, const std::string& name, int64_t n, float x, float y, float cell) {
    GridSpec spec{name, Role::input, x, y, cell, slide.input().h, slide.input().w};
    spec.tensor = &slide.layer.input;
    spec.origin = {Source::input, 0, {n, slide.cell().c, 0, 0}};
    spec.editable = slide.in.layer == 0;
    Grid& grid = easel.add_grid(spec);
    if (!slide.derivation) return grid;
    if (slide.reads_channel())
        for (Cell& c : grid.cells) c.state = CellState::contributing;
    const auto& read = slide.derivation->read;
    for (const ReadCell& r : read) {
        Cell* lit = r.cell.n == n && r.cell.c == slide.cell().c ? grid.cell(r.cell.h, r.cell.w) : nullptr;
        if (!lit) continue;
        lit->state = read.size() == 1 ? CellState::current : CellState::contributing;
        if (read.size() == 1 || !slide.in.corner_weights || grid.cell_px < 40 * easel.scale()) continue;
        const Ref input{Source::input, 0, r.cell}, output{Source::stage, slide.layer.plan.output, slide.cell()};
        lit->corner = number_text_short(r.factor);
        lit->from = {value_at(input), {"share of input", output, input}};
    }
    return grid;
}

/// The same channel in the other samples: read as well.
void add_other_samples(Easel& easel, const CellSlide& slide, const Places& p) {
    const float s = easel.scale();
    const Shape shape = slide.input();
    const float cell = kSample * s / f(std::max(shape.h, shape.w));
    const float pitch = f(shape.w) * cell + 10 * s;
    // Beside the output's channels, where these stand in the same row.
    const float width = p.fold != Fold::stacked && slide.output().c > 1 ? p.output_x - 20 * s : p.width;
    const int64_t room = std::max<int64_t>(1, static_cast<int64_t>((width + 10 * s) / pitch));
    const int64_t others = shape.n - 1, shown = std::min(others, room);
    const std::string which = shape.c > 1 ? fmt::format("Channel {}", slide.cell().c) : "The channel";
    std::string words = others == 1 ? fmt::format("{} of the other sample", which)
                                    : fmt::format("{} of the other {} samples", which, others);
    if (shown < others) words = fmt::format("{} of {} of the other {} samples", which, shown, others);
    easel.add_text(0, 4 * s, Align::left, 12.5f, {{words, Font::inter, slide.in.stale ? Tone::ink3 : Tone::ink2}});
    int64_t n = 0;
    for (int64_t i = 0; i < shown; ++i, ++n) {
        if (n == slide.cell().n) ++n;
        Grid& grid = add_plane(easel, slide, fmt::format("input/sample {}", n), n, f(i) * pitch, 16 * s, cell);
        grid.editable = false;
        if (grid.cells.empty()) easel.add_outline(grid.box.grown(1 * s), Tone::input_line, 1.5f, 2);
    }
}

Stroke stroke(std::vector<Point> points, Tone tone, float s, bool arrow) {
    Stroke line;
    line.points = std::move(points);
    line.tone = tone;
    line.width_px = 2 * s;
    line.elbow_px = 14 * s;
    line.arrow = arrow;
    return line;
}

/// From the input's cells to the card and from there to the output's cell.
void add_flow(Easel& easel, const CellSlide& slide, const Places& p, const Grid& input, const Grid& output, const Box& card) {
    const float s = easel.scale(), width = slide.in.size_px.x, air = 6 * s;
    const bool stale = slide.in.stale;
    const Tone from_tone = stale ? Tone::inkd : Tone::input_line, to_tone = stale ? Tone::inkd : Tone::output_line;
    const auto on_card = [&](float x) { return std::clamp(x, card.x + 16 * s, card.right() - 16 * s); };
    float from_x = 0;
    for (const ReadCell& read : slide.derivation->read) from_x += input.cell_box(read.cell.h, read.cell.w).center().x;
    from_x = slide.derivation->read.empty() ? input.box.center().x : from_x / f(static_cast<int64_t>(slide.derivation->read.size()));
    from_x = std::clamp(from_x, 0.f, width);
    const float to_x = std::clamp(output.cell_box(slide.cell().h, slide.cell().w).center().x, 0.f, width);
    auto& strokes = easel.scene.strokes;
    if (p.fold == Fold::between) {
        const auto elbow = [&](Point a, Point b, Tone tone, bool arrow) {
            const float middle = (a.x + b.x) / 2;
            Stroke line = std::abs(a.y - b.y) < 4 * s ? stroke({a, {b.x, a.y}}, tone, s, arrow)
                                                      : stroke({a, {middle, a.y}, {middle, b.y}, b}, tone, s, arrow);
            line.elbow_px = 8 * s;
            strokes.push_back(std::move(line));
        };
        const float height = slide.in.size_px.y;
        float from_y = 0;
        for (const ReadCell& read : slide.derivation->read) from_y += input.cell_box(read.cell.h, read.cell.w).center().y;
        from_y = slide.derivation->read.empty() ? input.box.center().y : from_y / f(static_cast<int64_t>(slide.derivation->read.size()));
        const float to_y = output.cell_box(slide.cell().h, slide.cell().w).center().y;
        const float y = card.center().y;
        elbow({input.box.right() + air, std::clamp(from_y, 0.f, height)}, {card.x, y}, from_tone, false);
        elbow({card.right(), y}, {output.box.x - 22 * s, std::clamp(to_y, 0.f, height)}, to_tone, true);
        return;
    }
    if (from_x < card.x - 20 * s)
        strokes.push_back(stroke({{from_x, input.box.bottom() + air}, {from_x, card.center().y}, {card.x, card.center().y}}, from_tone, s, false));
    else
        strokes.push_back(stroke({{on_card(from_x), input.box.bottom() + air}, {on_card(from_x), card.y}}, from_tone, s, false));
    if (p.fold == Fold::stacked) {   // to the grid: its name and indices lie between
        const float x = on_card(std::max(to_x, output.box.x + 150 * s));
        strokes.push_back(stroke({{x, card.bottom()}, {x, output.box.y - 18 * s}}, to_tone, s, true));
    } else if (to_x > card.right() + 20 * s) {
        strokes.push_back(stroke({{card.right(), card.center().y}, {to_x, card.center().y}, {to_x, output.box.bottom() + air}}, to_tone, s, true));
    } else {
        strokes.push_back(stroke({{on_card(to_x), card.y}, {on_card(to_x), output.box.bottom() + air}}, to_tone, s, true));
    }
}

// ---- The sentence

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    return text;
}

std::string capital(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

std::string plain_text(const std::vector<Run>& runs) {
    std::string text;
    for (const Run& run : runs) text += run.text;
    return text;
}

Run sourced(std::string text, Tone tone, const Ref& ref) {
    Run run = number(std::move(text), tone);
    run.from = {value_at(ref)};
    return run;
}

std::vector<NumberSource> sources(const std::vector<Run>& runs) {
    std::vector<NumberSource> all;
    for (const Run& run : runs) all.insert(all.end(), run.from.begin(), run.from.end());
    return all;
}

/// "normalised 0.4472 times weight 1.5 plus bias 0.2".
void tell_sum(const CellSlide& slide, std::vector<Run>& runs) {
    const auto name = [&](const Ref& ref) -> std::string {
        const auto at = static_cast<size_t>(ref.which);
        switch (ref.source) {
            case Source::stage: return slide.layer.plan.stages[at].name + " ";
            case Source::weight: return slide.layer.plan.weights[at].name + " ";
            case Source::buffer: return slide.layer.plan.buffers[at].name + " ";
            default: return "";
        }
    };
    const auto tone = [](const Ref& ref) {
        return ref.source == Source::weight ? Tone::kernel_text : ref.source == Source::input ? Tone::input_text : Tone::ink;
    };
    const auto& terms = slide.derivation->told.terms;
    for (size_t i = 0; i < terms.size(); ++i) {
        const Term& term = terms[i];
        runs.push_back(plain((i > 0 ? " plus " : "") + name(term.a)));
        runs.push_back(sourced(number_text_short(term.a_value), tone(term.a), term.a));
        if (term.b.source == Source::constant) continue;
        runs.push_back(plain(" times " + name(term.b)));
        runs.push_back(sourced(number_text_short(term.b_value), tone(term.b), term.b));
    }
}

Caption caption_of(const CellSlide& slide) {
    const ViewInput& in = slide.in;
    Caption caption;
    if (in.stale) {
        caption.runs = {plain(in.stale_reason)};
        caption.second = in.stale_advice;
        return caption;
    }
    if (!in.leads) return caption;
    if (!slide.derivation) {
        caption.runs = {plain("Nothing is computed yet.")};
        caption.second = "Space plays, → goes one step.";
        return caption;
    }
    const Derivation& d = *slide.derivation;
    const bool several = slide.input().c > 1;
    const Run value = sourced(number_text_short(slide.value()), Tone::output_text,
                              {Source::stage, slide.layer.plan.output, slide.cell()});
    const Run place = number(place_text(slide.cell(), several), Tone::output_text);
    const std::string formula = plain_text(d.lines.back().made_of);
    caption.second = fmt::format("Cell {} of {}", slide.place.window + 1, in.timeline->windows());
    if (d.told.combine == Combine::formula && d.read.size() == 1) {
        const double x = static_cast<double>(slide.layer.input.at(d.read[0].cell));
        caption.runs = {plain("Input "),
                        sourced(place_text(d.read[0].cell, several) + " = " + number_text_short(x), Tone::input_text,
                                {Source::input, 0, d.read[0].cell})};
        if (glyphs(formula) <= kLongest) {
            caption.runs.push_back(plain(" becomes "));
            Run told = number(formula);
            told.from = sources(d.lines.back().made_of);
            caption.runs.push_back(std::move(told));
            caption.runs.push_back(plain(", that is "));
            caption.second += ": no other cell is read.";
        } else {
            caption.runs.push_back(plain(" becomes "));
            caption.second += ": " + formula + ".";
            caption.second_from = sources(d.lines.back().made_of);
        }
        caption.runs.insert(caption.runs.end(), {value, plain(".")});
        return caption;
    }
    const bool of_input = !d.told.terms.empty() && std::ranges::all_of(d.told.terms, [](const Term& t) { return t.a.source == Source::input; });
    if (of_input && d.read.size() == 1) {
        caption.runs = {plain("Output "), place, plain(" is a copy of input "),
                        sourced(place_text(d.read[0].cell, several) + " = " +
                                    number_text_short(static_cast<double>(slide.layer.input.at(d.read[0].cell))),
                                Tone::input_text, {Source::input, 0, d.read[0].cell}),
                        plain(".")};
        caption.second += ".";
        return caption;
    }
    caption.runs = {plain("Output "), place, plain(" is ")};
    if (of_input) {
        caption.runs.push_back(plain(fmt::format("a blend of {} input cells", count_text(static_cast<int64_t>(d.read.size())))));
        const bool fits = glyphs(formula) <= 70;
        caption.second += fits ? ": " + formula + "." : ".";
        if (fits) caption.second_from = sources(d.lines.back().made_of);
    } else {
        tell_sum(slide, caption.runs);
    }
    if (of_input || d.told.terms.size() > 1 || d.told.terms[0].b.source != Source::constant)
        caption.runs.insert(caption.runs.end(), {plain(": "), value});
    caption.runs.push_back(plain("."));
    if (of_input) return caption;
    caption.second += ".";
    if (!d.statistics.empty())
        caption.second += fmt::format(" {} come from all {} numbers of {}.", capital(joined(d.statistics)), grouped_text(d.group),
                                      several ? fmt::format("channel {}", slide.cell().c) : "the batch");
    if (!d.kept.empty())
        caption.second += fmt::format(" {} stand for the batch, which is not looked at.", capital(joined(d.kept)));
    return caption;
}

}  // namespace

Scene build_slide_cell(const ViewInput& in) {
    const CellSlide slide(in);
    Easel easel(in);
    const float s = easel.scale();
    const Card card = card_of(slide, s, easel.room_width());
    const Places p = fitting_places(slide, easel, card);
    easel.place_block(p.width, p.height);
    const Shape in_shape = slide.input(), out_shape = slide.output();

    const Grid& input = add_plane(easel, slide, "input", slide.cell().n, 0, p.input_y, p.cell);
    const Grid& output = add_walked_output(easel, in, slide.cell(), slide.derivation ? std::optional(slide.value()) : std::nullopt,
                                           value_at({Source::stage, slide.layer.plan.output, slide.cell()}), p.output_x, p.output_y, p.cell);
    if (slide.shows_samples()) add_other_samples(easel, slide, p);
    easel.add_name(input, "Input", Tone::input_text, plane_note(in_shape, slide.cell(), in.pane));
    easel.add_name(output, "Output", Tone::output_text, plane_note(out_shape, slide.cell(), in.pane));
    easel.add_indices(input, in_shape.h, in_shape.w);
    easel.add_indices(output, out_shape.h, out_shape.w);

    if (slide.derivation) {
        const Point corner = easel.at(p.card_x, p.card_y);
        const Box box{corner.x, corner.y, card.width, card.height};
        add_flow(easel, slide, p, input, output, box);
        add_card(easel, card, box, in.stale);
        if (input.cells.empty())   // a cell draws its own frame
            for (const ReadCell& read : slide.derivation->read)
                easel.add_outline(cells_box(input, read.cell.h, read.cell.w, read.cell.h, read.cell.w), Tone::input_line, 3, 5);
        if (input.cells.empty() && slide.reads_channel()) easel.add_outline(input.box.grown(2 * s), Tone::input_line, 2, 3);
        if (output.cells.empty())
            easel.add_outline(cells_box(output, slide.cell().h, slide.cell().w, slide.cell().h, slide.cell().w), Tone::output_line, 3, 5);
        if (slide.shows_channels())
            add_strip(easel, {&slide.layer.op_output(), slide.cell().n, slide.cell().c, Role::output, "channel ",
                              p.output_x, p.strip_y, std::max(p.width - p.output_x, 120 * s)});
    }
    easel.add_caption(caption_of(slide), p.height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
