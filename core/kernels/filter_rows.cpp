// Compiled once for every instruction set (Highway's foreach_target). Blocks of four output rows × some vectors of cells stay
// in registers; an input row is loaded once for all of them, shifted by a cell for each kernel column.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/filter_rows.cpp"
#include <hwy/foreach_target.h>

#include <utility>

#include "core/kernels/cells-inl.h"
#include "core/kernels/filter_rows.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

using Vector = FloatVector;

constexpr int kRows = static_cast<int>(kFilterRows);

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int kVectors = 5;  // 20 sums
#else
constexpr int kVectors = 2;  // 8 sums in 16 registers
#endif

/// The sums of a block, and what was taken off them already.
template <int kWide>
struct Sums {
    Vector at[kRows][kWide];
    HWY_ALIGN float total[kRows * kWide * kLanes];
    bool has_total = false;

    HWY_INLINE void clear() {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < kWide; ++v) at[r][v] = hn::Zero(Floats());
    }
    HWY_INLINE Vector whole(int r, int v) {
        const float* const here = total + (r * kWide + v) * kLanes;
        return has_total ? hn::Add(at[r][v], hn::Load(Floats(), here)) : at[r][v];
    }
    /// Moves the sums to the total: a run of terms is over.
    HWY_INLINE void fold() {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < kWide; ++v)
                hn::Store(whole(r, v), Floats(), total + (r * kWide + v) * kLanes);
        has_total = true;
        clear();
    }
};

/// Some columns of a kernel and the input rows of a channel under them.
struct Columns {
    const float* const* rows;
    const float* weight;
    int64_t first, count, kernel_w, dilation;
    int64_t run;  // terms that are added up before they go to the total
};

/// Adds what input row i gives to the output rows kFirst…kLast. kCount: how many columns, where that is known; else 0.
/// Partial: the only vector has `cells` cells.
template <int kFirst, int kLast, int kCount, bool kWhole, int kWide>
HWY_INLINE void add_row(const Columns& columns, int64_t i, int64_t x, int64_t cells,
                        Sums<kWide>& sums) {
    const Floats d;
    const float* from = columns.rows[i] + x + columns.first * columns.dilation;
    const float* by = columns.weight + (i - kFirst) * columns.kernel_w + columns.first;
    const int64_t up = columns.kernel_w;
    const int64_t count = kCount > 0 ? kCount : columns.count;
#pragma GCC unroll 3
    for (int64_t j = 0; j < count; ++j, from += columns.dilation, ++by) {
        Vector value[kWide];
#pragma GCC unroll 8
        for (int v = 0; v < kWide; ++v)
            value[v] = kWhole ? hn::LoadU(d, from + v * kLanes)
                              : hn::LoadN(d, from, static_cast<size_t>(cells));
#pragma GCC unroll 8
        for (int r = kFirst; r <= kLast; ++r) {
            const Vector factor = hn::Set(d, by[(kFirst - r) * up]);
#pragma GCC unroll 8
            for (int v = 0; v < kWide; ++v)
                sums.at[r][v] = hn::MulAdd(value[v], factor, sums.at[r][v]);
        }
    }
}

/// All kernel rows of some columns; kHeight: how many there are, 4 standing for that many or more.
template <int kHeight, int kCount, bool kWhole, int kWide>
HWY_INLINE void add_columns(const Columns& columns, int64_t kernel_h, int64_t x, int64_t cells,
                            Sums<kWide>& sums) {
    // Input row i lies under the windows of the output rows i − kernel_h + 1 … i, as far as there are such.
    const auto add_rows = [&]<int... i>(int64_t behind, std::integer_sequence<int, i...>) HWY_ATTR {
        (add_row<std::max(0, i - kHeight + 1), std::min(i, kRows - 1), kCount, kWhole>(
             columns, behind + i, x, cells, sums),
         ...);
    };
    if constexpr (kHeight < kRows)
        return add_rows(0, std::make_integer_sequence<int, kHeight + kRows - 1>());
    static_assert(kRows == 4);
    add_rows(0, std::integer_sequence<int, 0, 1, 2>());
    const int64_t run = std::max<int64_t>(1, columns.run / columns.count);
    for (int64_t i = kRows - 1, start = 0; i < kernel_h; start = i) {
        const int64_t end = std::min(kernel_h, std::max(i + 1, start + run));
        for (; i < end; ++i) add_row<0, kRows - 1, kCount, kWhole>(columns, i, x, cells, sums);
        if (i < kernel_h) sums.fold();
    }
    add_rows(kernel_h - kRows, std::integer_sequence<int, 4, 5, 6>());
}

/// kRows × kWide vectors of cells at x. Whole: all are full; else the only one has `cells` cells.
template <int kHeight, int kCount, int kWide, bool kWhole>
HWY_INLINE void block(const FilterRows& f, int64_t x, int64_t cells) {
    const Floats d;
    Sums<kWide> sums;
    sums.clear();
    const float* const* rows = f.sources.data();
    const int64_t terms = f.channels * f.kernel_h * f.kernel_w, run = terms_in_run(terms);
    for (int64_t c = 0; c < f.channels; ++c, rows += kRows + f.kernel_h - 1)
        for (int64_t j = 0; j < f.kernel_w; j += run) {
            const int64_t count = std::min(run, f.kernel_w - j);
            if (terms > run && c + j > 0) sums.fold();
            add_columns<kHeight, kCount, kWhole>(
                Columns{rows, f.weight + c * f.kernel_h * f.kernel_w, j, count, f.kernel_w,
                        f.dilation, run},
                f.kernel_h, x, cells, sums);
        }
    const Vector bias = hn::Set(d, f.bias);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
        if (r >= f.rows) break;
        float* const out = f.out + r * f.out_step + x;
#pragma GCC unroll 8
        for (int v = 0; v < kWide; ++v) {
            Vector all = hn::Add(sums.whole(r, v), bias);
            if (f.adds)
                all = hn::Add(all, kWhole ? hn::LoadU(d, out + v * kLanes)
                                          : hn::LoadN(d, out, static_cast<size_t>(cells)));
            if constexpr (!kWhole)
                hn::StoreN(all, d, out, static_cast<size_t>(cells));
            else if (f.is_streamed)
                hn::Stream(all, d, out + v * kLanes);
            else
                hn::StoreU(all, d, out + v * kLanes);
        }
    }
}

/// 3×3 over one channel, a vector of cells after the other. Of three neighbouring loads two would cross a cache line, at twice
/// the price: here every input is loaded once, and its neighbours come from the vectors before and after.
class Along3x3 {
  public:
    HWY_INLINE explicit Along3x3(const FilterRows& f) : f_(f), bias_(hn::Set(Floats(), f.bias)) {
#pragma GCC unroll 9
        for (int i = 0; i < 9; ++i) factor_[i] = hn::Set(Floats(), f.weight[i]);
#pragma GCC unroll 6
        for (int i = 0; i < kHeight; ++i) from_[i] = f.sources[static_cast<size_t>(i)] + 1;
    }

    /// To go on from x.
    HWY_INLINE Along3x3& start(int64_t x) {
#pragma GCC unroll 6
        for (int i = 0; i < kHeight; ++i) {
            left_[i] = hn::Set(Floats(), x == 0 ? end(i, 0) : from_[i][x - 1]);
            centre_[i] = load(i, x);
        }
        return *this;
    }
    /// The vector at x, where it started or went on to. Inside: there is at least as much of the row behind it.
    template <bool kInside>
    HWY_INLINE void next(int64_t x) {
        const Floats d;
        const hn::RebindToSigned<Floats> di;
        const auto before = hn::IndicesFromVec(d, hn::Iota(di, kLanes - 1));
        const auto after = hn::IndicesFromVec(d, hn::Iota(di, 1));
        Vector sum[kRows];
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) sum[r] = hn::Zero(d);
#pragma GCC unroll 6
        for (int i = 0; i < kHeight; ++i) {
            const Vector right =
                kInside ? hn::LoadU(d, from_[i] + x + kLanes) : load(i, x + kLanes);
            const Vector l = hn::TwoTablesLookupLanes(d, left_[i], centre_[i], before);
            const Vector r = hn::TwoTablesLookupLanes(d, centre_[i], right, after);
#pragma GCC unroll 4
            for (int k = 0; k < kRows; ++k)
                if (i >= k && i < k + 3) {
                    sum[k] = hn::MulAdd(l, factor_[(i - k) * 3], sum[k]);
                    sum[k] = hn::MulAdd(centre_[i], factor_[(i - k) * 3 + 1], sum[k]);
                    sum[k] = hn::MulAdd(r, factor_[(i - k) * 3 + 2], sum[k]);
                }
            left_[i] = centre_[i];
            centre_[i] = right;
        }
        const int64_t cells = f_.cells - x;
#pragma GCC unroll 4
        for (int k = 0; k < kRows; ++k) {
            if (k >= f_.rows) break;
            float* const out = f_.out + k * f_.out_step + x;
            const Vector all = hn::Add(sum[k], bias_);
            if (!kInside && cells < kLanes)
                hn::StoreN(all, d, out, static_cast<size_t>(cells));
            else if (f_.is_streamed)
                hn::Stream(all, d, out);
            else
                hn::StoreU(all, d, out);
        }
    }

  private:
    static constexpr int kHeight = kRows + 2;
    /// The value in front of source i or the one behind it.
    HWY_INLINE float end(int i, int which) const {
        if (!f_.ends.empty()) return f_.ends[static_cast<size_t>(2 * i + which)];
        return from_[i][which == 0 ? -1 : f_.cells];
    }
    /// Cells [x, x + kLanes) of source i and, where they are behind the row, its end.
    HWY_INLINE Vector load(int i, int64_t x) const {
        const Floats d;
        const int64_t cells = f_.cells - x;
        if (cells >= kLanes) return hn::LoadU(d, from_[i] + x);
        if (cells < 0) return hn::Zero(d);
        const auto is_end = hn::Eq(hn::Iota(d, 0.0f), hn::Set(d, static_cast<float>(cells)));
        return hn::IfThenElse(is_end, hn::Set(d, end(i, 1)),
                              hn::LoadN(d, from_[i] + x, static_cast<size_t>(cells)));
    }

    const FilterRows& f_;
    const float* from_[kHeight];
    Vector factor_[9], left_[kHeight], centre_[kHeight], bias_;
};

void filter_3x3(const FilterRows& f) {
    Along3x3(f).start(0).next<false>(0);
    int64_t x = kLanes;
#if HWY_TARGET <= HWY_AVX3
    Along3x3 along(f);
    if (x + 2 * kLanes <= f.cells) along.start(x);
    for (; x + 2 * kLanes <= f.cells; x += kLanes) along.next<true>(x);
#else  // the registers do not hold all of that
    for (; x + (kVectors + 1) * kLanes <= f.cells; x += kVectors * kLanes)
        block<3, 3, kVectors, true>(f, x, 0);
    for (; x + 2 * kLanes <= f.cells; x += kLanes) block<3, 3, 1, true>(f, x, 0);
#endif
    for (; x < f.cells; x += kLanes) Along3x3(f).start(x).next<false>(x);
}

template <int kHeight, int kCount, int kWide>
void all_cells(const FilterRows& filter) {
    int64_t x = 0;
    for (; x + kWide * kLanes <= filter.cells; x += kWide * kLanes)
        block<kHeight, kCount, kWide, true>(filter, x, 0);
    for (; x + kLanes <= filter.cells; x += kLanes) block<kHeight, kCount, 1, true>(filter, x, 0);
    if (x < filter.cells) block<kHeight, kCount, 1, false>(filter, x, filter.cells - x);
}

void DoFilterRows(const FilterRows& filter) {
    // 3×3 is what people filter with: its loops are unrolled.
    if (filter.kernel_h == 3 && filter.kernel_w == 3) {
        if (filter.channels == 1 && filter.dilation == 1 && !filter.adds) return filter_3x3(filter);
        return all_cells<3, 3, kVectors>(filter);
    }
    switch (filter.kernel_h) {
        case 1: return all_cells<1, 0, kVectors>(filter);
        case 2: return all_cells<2, 0, kVectors>(filter);
        case 3: return all_cells<3, 0, kVectors>(filter);
        default: return all_cells<4, 0, kVectors>(filter);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(DoFilterRows);

void filter_rows(const FilterRows& filter) { HWY_DYNAMIC_DISPATCH(DoFilterRows)(filter); }

}  // namespace convscope
#endif  // HWY_ONCE
