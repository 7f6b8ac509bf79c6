// convscope shapes: what each layer of a chain makes of the sizes, and what it costs.
#include <memory>

#include <fmt/format.h>

#include "app/cli/document_arguments.h"
#include "app/ledger_text.h"
#include "app/cli/subcommands.h"
#include "app/text_table.h"
#include "core/number_text.h"
#include "core/receptive_field.h"

namespace convscope {
namespace {

constexpr const char* kExamples =
    "Columns:\n"
    "  output         samples × channels × rows × columns\n"
    "  parameters     numbers of weight and bias\n"
    "  multiply-adds  products of a weight and a number, those with padding and cropped ones too; without a bias\n"
    "  sees           receptive field: rows × columns of the chain's input that one output cell "
    "depends on, padding included;\n"
    "                 the most where cells differ; all: every cell, as for batch norm in train "
    "mode\n"
    "  step           input cells from one output cell to the next\n"
    "  from           first row (and column) that output cell (0, 0) sees; below 0 it lies in "
    "padding\n"
    "Examples:\n"
    "  convscope shapes 'nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), "
    "nn.MaxPool2d(2))' --input 3x224x224\n"
    "  convscope shapes generator.json\n"
    "Exit code: 1 when a layer cannot be; the layers before it are listed.\n";

std::string count(int64_t value) { return value == 0 ? "–" : grouped_text(value); }

int64_t parameters(const Plan& plan) {
    int64_t sum = 0;
    for (const WeightSpec& weight : plan.weights) sum += weight.shape.count();
    return sum;
}

/// Products of a weight and a number; a layer without weights has none. As is usual, the zeros of a padding and the
/// stamps that are cropped off count.
int64_t multiply_adds(const Plan& plan, Shape input) {
    if (plan.weights.empty()) return 0;
    if (const auto& window = plan.window; window && window->transposed())
        return input.count() * window->out_per_group * window->h.kernel * window->w.kernel;
    const StageSpec& output = plan.output_stage();
    const auto along = [](const std::vector<int64_t>& counts, int64_t extent) {
        if (counts.size() == 1) return counts[0] * extent;
        int64_t sum = 0;
        for (const int64_t counted : counts) sum += counted;
        return sum;
    };
    return output.shape.n * output.shape.c * output.per_cell * along(output.rows, output.shape.h) *
           along(output.columns, output.shape.w);
}

/// "3×3", "(−1, 0)": height and width where they differ.
std::string both(const std::string& h, const std::string& w) {
    return h == w ? h : fmt::format("({}, {})", h, w);
}

std::string step_text(const FieldAxis& axis) {
    return axis.per == 1 ? fmt::format("{}", axis.step) : fmt::format("{}/{}", axis.step, axis.per);
}

std::string from_text(const FieldAxis& axis) {
    return axis.places.front().empty() ? "–" : to_text(Value(axis.places.front().first));
}

std::vector<std::string> field_words(const ReceptiveField& field) {
    if (field.all) return {"all", "", ""};
    return {fmt::format("{}×{}", field.h.size(), field.w.size()),
            both(step_text(field.h), step_text(field.w)),
            both(from_text(field.h), from_text(field.w))};
}

int run_shapes(const DocumentArguments& arguments, const Output& output) {
    const ArgumentDocument read = read_document(arguments);
    if (!read.ok()) return read.fail(output);
    read.tell(output);
    const Document& document = read.document;
    const Result planned = plan_only(document);
    const std::vector<ReceptiveField> fields = receptive_fields(planned);

    TextTable table("><<>>>>>");
    table.row({"", "layer", "output", "parameters", "multiply-adds", "sees", "step", "from"});
    table.row({"", "input", to_string(document.input.tensor.shape())});
    int64_t all_parameters = 0, all_products = 0;
    for (size_t k = 0; k < planned.layers.size(); ++k) {
        const Layer& layer = document.layers[k];
        const Plan& plan = planned.layers[k].plan;
        const Shape input = k == 0 ? document.input.tensor.shape()
                                   : planned.layers[k - 1].plan.output_stage().shape;
        const int64_t own = parameters(plan), products = multiply_adds(plan, input);
        all_parameters += own;
        all_products += products;
        std::vector<std::string> row{fmt::format("{}", k), layer_line(layer),
                                     to_string(plan.output_stage().shape), count(own),
                                     count(products)};
        if (plan.skip.from >= 0) row[1] += fmt::format("  + input of layer {}", plan.skip.from);
        if (!fields.empty())
            for (std::string& word : field_words(fields[k])) row.push_back(std::move(word));
        table.row(std::move(row));
    }
    if (!planned.problem)
        table.row({"", "total", "", grouped_text(all_parameters), grouped_text(all_products)});
    output.out << table.text();
    if (fields.empty() && !planned.layers.empty())
        output.out << "The layers have too many rows and columns for receptive fields.\n";
    if (!planned.problem) return kDone;
    output.out << std::flush;
    return output.fail(problem_line(planned));
}

}  // namespace

Subcommand add_shapes(CLI::App& program) {
    CLI::App* shapes =
        program.add_subcommand("shapes", "Lists each layer's shape, cost and receptive field");
    const auto arguments = std::make_shared<DocumentArguments>();
    shapes->add_option("FILE", arguments->document, "A document or a PyTorch expression")
        ->required();
    add_number_options(*shapes, *arguments);
    shapes->footer(kExamples);
    return {shapes, [arguments](const Output& output) { return run_shapes(*arguments, output); }};
}

}  // namespace convscope
