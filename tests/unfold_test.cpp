// The unfold view: its matrix is what torch.nn.functional.unfold makes of the input, a pool's columns come to its outputs, and
// a row of weights times a column is the cell where they meet.
#include <gtest/gtest.h>

#include <cmath>

#include "core/presets.h"
#include "tests/layer_case.h"
#include "tests/looked.h"

namespace convscope {
namespace {

const Point kLarge{2600, 2000};

double number(const Grid& grid, int64_t row, int64_t column) {
    const Cell* cell = grid.cell(row, column);
    EXPECT_TRUE(cell && !cell->text.empty()) << grid.name << " " << row << ", " << column;
    return cell ? static_cast<double>(cell->value) : 0;
}

TEST(Unfold, IsWhatPyTorchUnfolds) {
    const Op& op = *find_op("conv2d");
    int cases = 0, grouped = 0, padded = 0, dilated = 0;
    for (const auto& line : golden_lines("unfold.jsonl")) {
        SCOPED_TRACE(line.dump());
        const auto& s = line["shape"];
        const Shape shape{s[0], s[1], s[2], s[3]};
        const Tensor input(shape, line["values"].get<std::vector<float>>());
        const Params params = params_from(op, line["params"]);
        const Plan plan = op.plan(params, shape, true);
        ASSERT_FALSE(plan.problem);
        std::vector<Tensor> weights;
        for (const WeightSpec& spec : plan.weights) weights.emplace_back(spec.shape, 1.f);
        Looked looked(one_layer(op, params, input, weights, {}), *find_view("unfold"), kLarge);
        const Window& window = *plan.window;
        ++cases;
        grouped += window.groups > 1;
        padded += window.h.pad_before + window.w.pad_before > 0;
        dilated += window.h.dilation > 1 && window.h.kernel > 1;
        const int64_t outputs = plan.output_stage().shape.plane();
        for (int64_t n = 0; n < shape.n; ++n)
            for (int64_t group = 0; group < window.groups; ++group) {
                const Index at{n, group * window.out_per_group, 0, 0};
                looked.input.shown = {n, at.c};
                const Scene scene = looked.at(looked.timeline.step_of(at, 0));
                const Grid& grid = *scene.grid("unfolded");
                const auto& matrix = line["unfolded"][static_cast<size_t>(n)];
                const int64_t rows = static_cast<int64_t>(matrix.size()) / window.groups;
                ASSERT_EQ(grid.rows, rows);
                ASSERT_EQ(grid.columns, outputs);
                for (int64_t r = 0; r < rows; ++r)
                    for (int64_t c = 0; c < outputs; ++c)
                        ASSERT_EQ(number(grid, r, c), matrix[static_cast<size_t>(group * rows + r)][static_cast<size_t>(c)].get<double>())
                            << "sample " << n << ", group " << group << ", row " << r << ", column " << c;
            }
    }
    EXPECT_EQ(cases, 60);
    for (const int count : {grouped, padded, dilated}) EXPECT_GT(count, 10);
}

TEST(Unfold, ARowOfWeightsTimesAColumnIsTheOutputWhereTheyMeet) {
    const Op& op = *find_op("conv2d");
    std::mt19937_64 random(test_seed(71));
    int checked = 0, several = 0;
    for (int i = 0; i < 200; ++i) {
        Document document = random_layer(op, random, true);
        document.start = {};
        if (document.input.tensor.shape().count() > 400) continue;
        Looked looked(document, *find_view("unfold"), kLarge);
        const Scene scene = looked.at(looked.timeline.steps());
        const Grid &matrix = *scene.grid("unfolded"), &weights = *scene.grid("kernel"), &output = *scene.grid("output");
        if (matrix.rows < looked.layer().plan.window->h.kernel || weights.columns != matrix.rows) ADD_FAILURE() << describe(document);
        const Window& window = *looked.layer().plan.window;
        if (matrix.rows != window.in_per_group * window.h.kernel * window.w.kernel) continue;   // a part of it
        const auto& biases = document.layers[0].weights;
        several += output.rows > 1;
        for (int64_t k = output.first_row; k < output.first_row + output.rows; ++k)
            for (int64_t c = output.first_column; c < output.first_column + output.columns; ++c, ++checked) {
                double sum = biases.size() > 1 ? static_cast<double>(biases[1].at({0, k, 0, 0})) : 0;
                for (int64_t r = 0; r < matrix.rows; ++r) sum += number(weights, k, r) * number(matrix, r, c);
                ASSERT_EQ(number(output, k, c), sum) << describe(document) << " channel " << k << " column " << c;
            }
    }
    EXPECT_GT(checked, 1000);
    EXPECT_GT(several, 20);
}

TEST(Unfold, APoolsColumnsComeToItsOutputs) {
    for (const char* id : {"max_pool2d", "avg_pool2d"}) {
        const Op& op = *find_op(id);
        std::mt19937_64 random(test_seed(72));
        int checked = 0;
        for (int i = 0; i < 200; ++i) {
            Document document = random_layer(op, random, true);
            document.start = {};
            if (document.input.tensor.shape().count() > 400) continue;
            Looked looked(document, *find_view("unfold"), kLarge);
            const Scene scene = looked.at(looked.timeline.steps());
            EXPECT_FALSE(scene.grid("kernel"));
            const Grid &matrix = *scene.grid("unfolded"), &output = *scene.grid("output");
            const Window& window = *looked.layer().plan.window;
            if (matrix.rows != window.h.kernel * window.w.kernel) continue;
            for (int64_t c = output.first_column; c < output.first_column + output.columns; ++c) {
                double sum = 0, largest = -HUGE_VAL;
                for (int64_t r = 0; r < matrix.rows; ++r) {
                    if (matrix.cell(r, c)->text.empty()) continue;   // the window hangs over
                    sum += number(matrix, r, c);
                    largest = std::max(largest, number(matrix, r, c));
                }
                const double told = number(output, output.first_row, c);
                if (std::string(id) == "max_pool2d") ASSERT_EQ(told, largest) << describe(document);
                else if (told != 0) ASSERT_NEAR(sum / told, std::round(sum / told), 1e-4) << describe(document);   // a whole divisor
                ++checked;
            }
        }
        EXPECT_GT(checked, 300) << id;
    }
}

TEST(Unfold, TheStandardDocumentTellsTheWorkedExample) {
    // By hand: window 8 of a 7×7 input, stride 2, padding 1, is column 7; its weight (1, 1) stands in row 4.
    Looked looked(standard_document(), *find_view("unfold"));
    const Scene scene = looked.at(68);
    EXPECT_EQ(scene.caption.text(),
              "Input (2, 6) = 6 times weight (1, 1) = 1 is 6, the sum so far is −23. "
              "Row 4 of column 7, the window of output (1, 3): rows 1–3, columns 5–7.");
    const Grid& matrix = *scene.grid("unfolded");
    EXPECT_EQ(matrix.rows, 9);
    EXPECT_EQ(matrix.columns, 16);
    EXPECT_EQ(matrix.cell(4, 7)->state, CellState::current);
    EXPECT_EQ(matrix.cell(4, 7)->text, "6");
    EXPECT_EQ(matrix.cell(3, 7)->state, CellState::contributing);
    EXPECT_EQ(matrix.cell(5, 7)->state, CellState::padding_read);
    EXPECT_EQ(matrix.cell(0, 0)->state, CellState::padding);
    EXPECT_EQ(scene.grid("kernel")->cell(0, 4)->state, CellState::current);
    EXPECT_EQ(scene.grid("output")->cell(0, 7)->text, "−23");
    EXPECT_EQ(scene.grid("output")->cell(0, 8)->text, "");
    EXPECT_EQ(scene.grid("input")->cell(2, 6)->state, CellState::current);
}

}  // namespace
}  // namespace convscope
