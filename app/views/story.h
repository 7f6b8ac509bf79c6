// Story: what happens at a step, in numbers and in words, for the views that play.
#pragma once

#include "app/views/view.h"

namespace convscope {

/// The term that happens at a step, whatever order leads: every view of a lock-step finds its own place by it.
struct Moment {
    bool started = false, finishing = false;
    std::optional<Index> output;     // the output cell it adds to; none: cropped, or skipped by the stride
    std::optional<Index> input;      // its input place, in the padding perhaps; none: a bias
    std::optional<Index> weight;     // its place in the weight; none: a bias
    int64_t window = 0;              // cells or stamps that came before
};
Moment moment_at(const ViewInput& in, int64_t step);

/// One output cell and its terms, as far as they are done at the step. By input the terms stand in the order in which
/// stamps add them.
struct Story {
    Place place;
    Index cell;                      // output cell
    Explanation explanation;
    int64_t done = 0;                // terms done
    int64_t current = -1;            // the term that happens now; −1 when whole windows are stepped
    double sum = 0;                  // of the terms done
    bool complete = false;
    const Term* term() const {
        return current < 0 ? nullptr : &explanation.terms[static_cast<size_t>(current)];
    }
};
/// The same place as a stamp's: source cell and product number, as `stamp_term` counts. Not started where the term is
/// no product of a stamp: a bias, a zero of the padding.
Place stamp_place(const ViewInput& in, int64_t step);

/// What the first `done` terms make together: their sum, their mean so far over the whole divisor, the largest so far.
double partial_value(const Explanation& explanation, int64_t done);

/// The output cell that the play head adds to. None before the first step, and where the term adds to no output.
std::optional<Story> tell_output(const ViewInput& in);

/// Sum of a cell's terms that are done at the step. By input: of its products, without the bias.
struct RunningSum {
    double value = 0;                // so far
    double before = 0;               // without the products done after step `since`
    double now_value = 0;            // of those: not the difference, for ∞ − ∞ is none
    int64_t done = 0, terms = 0;     // products done, products in all
    int64_t now = 0;                 // products done after `since`
};
/// `stage` is the output, or the stage of the sums before a transposed layer's crop, with `cell` counted in it.
RunningSum running_sum(const ViewInput& in, int stage, Index cell, int64_t since);

/// "3", "−1".
std::string index_text(int64_t i);
/// "(2, 6)", or with the channel "(1, 2, 6)" when there are several.
std::string place_text(Index cell, bool with_channel);
std::string weight_text(Index cell, Shape weight);
/// "rows 1–3, columns 5–7".
std::string span_text(int64_t row, int64_t last_row, int64_t column, int64_t last_column);
/// "nine", "144".
std::string count_text(int64_t n);
/// "1 row", "3 rows".
std::string plural(int64_t n, const std::string& word);

Run plain(std::string text);
/// A number, or a place and its number; `from` says where the number comes from.
Run number(std::string text, Tone tone = Tone::ink, std::vector<NumberSource> from = {});
/// Where the sum of a story's terms done comes from: the output itself once it is complete.
NumberSource sum_source(const ViewInput& in, const Story& story);
/// The products of output cell `cell` that are done at step `last` but not at step `first`.
NumberSource so_far(const Plan& plan, Index cell, int64_t first, int64_t last);

}  // namespace convscope
