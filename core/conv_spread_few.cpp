// spread_stamps where there are few narrow cells, but many channels: the layers of a generator. The wide channels lie side
// by side in the lanes of vectors, which a narrow value meets all at once. The phases of the stride are worked through one by
// one; those of the columns are written together.
#include <algorithm>

#include "core/conv_kept.h"
#include "core/conv_lines.h"
#include "core/kernels/channel_sums.h"
#include "core/kernels/plane_range.h"

namespace convscope {
namespace {

constexpr int64_t kFewStamps = 256;

/// The weights in the order in which they are read: for each phase of the rows, kSideBySide wide channels and each phase of
/// the columns its terms, and of each term the channels.
class FewCells {
  public:
    struct Call {
        const float* planes;  // of the narrow cells, with zeros all around
        const float* bias;
        float* out;
    };

    FewCells(const ConvGeometry& g, const Tensor& weight)
        : g_(g),
          columns_(phases_of(g.w)),
          rows_(phases_of(g.h)),
          above_(margins_of(rows_, g.h.out)),
          beside_(margins_of(columns_, g.w.out)),
          is_possible_(all_finite(weight.values())) {
        if (!is_possible_) return;
        offsets_.resize(rows_.size() * columns_.size());
        int64_t terms = 0, most = 1;
        for (size_t i = 0; i < offsets_.size(); ++i) {
            for (int64_t c = 0; c < g.narrow_per_group; ++c)
                for (const Phase::Column& r : rows_[i / columns_.size()].columns)
                    for (const Phase::Column& s : columns_[i % columns_.size()].columns)
                        offsets_[i].push_back(c * plane() + r.shift * line() + s.shift);
            terms += std::ssize(offsets_[i]);
            most = std::max(most, std::ssize(offsets_[i]));
        }
        most *= std::ssize(columns_) * columns_[0].count * kSideBySide;
        lines_ = std::clamp<int64_t>(kPartProducts / 2 / most, 1, g.batch * rows_[0].count);
        packed_ = Tensor({1, 1, g.groups * blocks(), terms * kSideBySide}, 0.0f);
        float* to = packed_.mutate().data();
        for (const Phase& row : rows_)
            for (int64_t group = 0; group < g.groups; ++group)
                for (int64_t first = 0; first < g.wide_per_group; first += kSideBySide)
                    for (const Phase& column : columns_)
                        for (int64_t c = 0; c < g.narrow_per_group; ++c)
                            for (const Phase::Column& r : row.columns)
                                for (const Phase::Column& s : column.columns) {
                                    const float* const from =
                                        weight.data() +
                                        ((group * g.narrow_per_group + c) * g.wide_per_group +
                                         first) *
                                            g.taps() +
                                        r.column * g.w.kernel + s.column;
                                    for (int64_t o = 0; o < channels(first); ++o)
                                        to[o] = from[o * g.taps()];
                                    to += kSideBySide;
                                }
    }

    const ConvGeometry& geometry() const { return g_; }
    size_t bytes() const { return static_cast<size_t>(packed_.shape().count()) * 4; }
    /// Not where 0 · weight would be NaN: cells beside the narrow ones count as zeros.
    bool is_possible() const { return is_possible_; }
    int64_t parts() const { return std::ssize(rows_) * g_.groups * blocks() * parts_per_block(); }

    /// Copies the narrow planes, with zeros all around.
    const float* with_margins(const Tensor& narrow, hwy::AlignedVector<float>& planes) const {
        const int64_t count = narrow.shape().n * narrow.shape().c;
        planes.assign(static_cast<size_t>(count * plane() + 8), 0.0f);  // fours may end behind
        for (int64_t i = 0; i < count; ++i)
            copy_rows({.from = narrow.data() + i * g_.h.out * g_.w.out,
                       .from_step = g_.w.out,
                       .to = planes.data() + i * plane() + above_.before * line() + beside_.before,
                       .to_step = line(),
                       .rows = g_.h.out,
                       .cells = g_.w.out});
        return planes.data();
    }

    /// Some lines of one phase of the rows, of all samples, for kSideBySide channels of a group.
    void part(const Call& call, int64_t i) const {
        const int64_t block = i / parts_per_block() % blocks();
        const int64_t group = i / parts_per_block() / blocks() % g_.groups;
        const auto ph = static_cast<size_t>(i / parts_per_block() / blocks() / g_.groups);
        const Phase& row = rows_[ph];
        const int64_t first = block * kSideBySide, wide = g_.h.in * g_.w.in;
        float bias[kSideBySide] = {};
        if (call.bias)
            std::copy_n(call.bias + group * g_.wide_per_group + first, channels(first), bias);
        hwy::AlignedVector<float>& sums = conv_scratch().sums;
        constexpr int64_t kPhase = 4 * kMostFours * kSideBySide;
        sums.resize(columns_.size() * kPhase);
        const float* fours[kMostFours];
        TurnedRound turned[kMostFours];  // pieces of rows
        size_t count = 0, pieces = 0;
        const auto flush = [&] {
            const float* weights = packed_.data() + weights_at(ph, group, block);
            for (size_t p = 0; p < columns_.size(); ++p) {
                const std::vector<int64_t>& offsets = offsets_[ph * columns_.size() + p];
                add_up_channels({.fours = {fours, count},
                                 .offsets = offsets,
                                 .weights = weights,
                                 .channels = channels(first),
                                 .out = sums.data() + static_cast<int64_t>(p) * kPhase});
                weights += std::ssize(offsets) * kSideBySide;
            }
            for (size_t i = 0; i < pieces; ++i) turn_round(turned[i]);
            count = pieces = 0;
        };
        const int64_t begin = i % parts_per_block() * lines_, phases = std::ssize(columns_);
        for (int64_t at = begin; at < std::min(begin + lines_, g_.batch * row.count); ++at) {
            const int64_t which = at / row.count * g_.groups + group, h = at % row.count;
            const float* const from = call.planes + which * g_.narrow_per_group * plane() +
                                      (above_.before + h) * line() + beside_.before;
            float* const to = call.out + (which * g_.wide_per_group + first) * wide +
                              (row.first + h * g_.h.stride) * g_.w.in;
            for (int64_t w = 0; w < columns_[0].count; w += 4) {
                const int64_t cells = std::min(4 * phases, g_.w.in - w * phases);
                if (w == 0 || count == 0)
                    turned[pieces++] = {sums.data() + static_cast<int64_t>(count) * 4 * kSideBySide,
                                        kPhase,
                                        phases,
                                        bias,
                                        to + w * phases,
                                        wide,
                                        channels(first),
                                        0};
                turned[pieces - 1].cells += cells;
                fours[count] = from + w;
                if (++count == kMostFours) flush();
            }
        }
        if (count > 0) flush();
    }

  private:
    int64_t line() const { return beside_.before + g_.w.out + beside_.after; }
    int64_t plane() const { return (above_.before + g_.h.out + above_.after) * line(); }
    int64_t blocks() const { return (g_.wide_per_group + kSideBySide - 1) / kSideBySide; }
    int64_t parts_per_block() const { return (g_.batch * rows_[0].count + lines_ - 1) / lines_; }
    int64_t channels(int64_t first) const {
        return std::min(kSideBySide, g_.wide_per_group - first);
    }
    int64_t weights_at(size_t ph, int64_t group, int64_t block) const {
        int64_t before = 0, here = 0;
        for (size_t i = 0; i < (ph + 1) * columns_.size(); ++i)
            (i / columns_.size() < ph ? before : here) += std::ssize(offsets_[i]);
        return (before * g_.groups * blocks() + here * (group * blocks() + block)) * kSideBySide;
    }

    const ConvGeometry g_;
    const std::vector<Phase> columns_, rows_;
    const Margins above_, beside_;
    const bool is_possible_;
    std::vector<std::vector<int64_t>> offsets_;  // of the terms of each phase: row by row
    int64_t lines_ = 1;                          // in a part of the work
    Tensor packed_;
};

}  // namespace

std::optional<bool> spread_few(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                               const Tensor* bias, Tensor& wide, const Progress& progress) {
    if (g.h.out * g.w.out > kFewStamps || g.narrow_per_group < kMostLanes ||
        g.wide_per_group < kMostLanes || g.taps() == 1)
        return {};
    thread_local KeptReady<FewCells> kept;
    const std::shared_ptr<const FewCells> few = kept.of(g, weight);
    if (!few->is_possible()) return {};
    const FewCells::Call call{few->with_margins(narrow, conv_scratch().lines),
                              bias ? bias->data() : nullptr, wide.mutate().data()};
    return run_parts(progress, few->parts(), [&](int64_t i) { few->part(call, i); });
}

}  // namespace convscope
