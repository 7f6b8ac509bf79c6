// Story: what happens at a step, in numbers and in words, for the views that play.
#pragma once

#include "app/views/view.h"

namespace convscope {

/// One output cell and its terms, as far as they are done at the step.
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
/// By output: the cell under the play head. Needs place.started.
Story tell_output(const ViewInput& in);

/// Sum of a cell's products that are done at the step when going by input, without bias.
struct RunningSum {
    double value = 0;                // so far
    double before = 0;               // without the products done after step `since`
    int64_t done = 0, terms = 0;     // products done, products in all
    int64_t now = 0;                 // products done after `since`
};
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
Run number(std::string text, Tone tone = Tone::ink);

}  // namespace convscope
