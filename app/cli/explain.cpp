// convscope explain: the arithmetic behind one cell, or where an input cell goes.
#include <memory>

#include <fmt/format.h>

#include "app/cli/document_arguments.h"
#include "app/ledger_latex.h"
#include "app/ledger_text.h"
#include "app/cli/script.h"
#include "app/cli/subcommands.h"
#include "core/nearest_key.h"
#include "core/number_text.h"
#include "core/workers.h"

namespace convscope {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  convscope explain 'nn.ConvTranspose2d(1, 1, 2, stride=2)' --input '[[1,0],[2,3]]' --weight "
    "'[[2,3],[4,5]]' --cell 3,3\n"
    "  convscope explain 'nn.Conv2d(3, 8, 3, padding=1)' --input 3x8x8 --cell 5,0,0       channel "
    "5, row 0, column 0\n"
    "  convscope explain 'nn.Conv2d(1, 1, 3)' --input 5x5 --cell 2,2 --uses               where "
    "input (2, 2) goes\n"
    "  convscope explain 'nn.BatchNorm2d(2)' --input 4x2x3x3 --stage var --cell 1         a vector "
    "has one index\n"
    "  convscope explain chain.json --layer 2 --stage grad_weight --cell 0,0,1,1\n";

struct ExplainArguments {
    DocumentArguments document;
    Limits limits;
    std::string cell, stage = "output";
    std::optional<int64_t> layer, n, channel;
    bool uses = false, latex = false;
};

/// "3,3" as the indices of one cell, counted from the last: column, row, channel, sample. In a vector one index is the
/// channel. A sentence without its full stop when it is none of the shape.
std::string read_cell(const ExplainArguments& arguments, std::string_view name, Shape shape,
                      Index& cell) {
    std::vector<int64_t> indices;
    for (size_t at = 0; at <= arguments.cell.size();) {
        const size_t end = std::min(arguments.cell.find(',', at), arguments.cell.size());
        const auto number = parse_number(arguments.cell.substr(at, end - at));
        if (!number || std::abs(*number) > 1e15 ||
            *number != static_cast<double>(static_cast<int64_t>(*number)))
            return fmt::format("“{}” is no place of a cell; write --cell 3,3 for row 3, column 3",
                               arguments.cell);
        indices.push_back(static_cast<int64_t>(*number));
        at = end + 1;
    }
    const bool is_vector = shape.plane() == 1 && indices.size() == 1;
    if (indices.size() > 4 || (indices.size() == 1 && !is_vector))
        return fmt::format(
            "“{}” has {} indices; {} takes row,column or channel,row,column, counted from 0",
            arguments.cell, indices.size(), name);
    cell = {arguments.n.value_or(0), arguments.channel.value_or(0), 0, 0};
    if (is_vector) indices.insert(indices.end(), {0, 0});
    const auto count = indices.size();
    cell.w = indices[count - 1];
    cell.h = indices[count - 2];
    if (count > 2) cell.c = indices[count - 3];
    if (count > 3) cell.n = indices[0];
    if (shape.contains(cell)) return {};
    return fmt::format("{} has no cell ({}, {}, {}, {}); it is {}, counted from 0", name,
                       to_text(Value(cell.n)), to_text(Value(cell.c)), to_text(Value(cell.h)),
                       to_text(Value(cell.w)), to_string(shape));
}

std::string read_stage(const Plan& plan, const std::string& name, int& stage) {
    stage = name == "output" ? plan.output : plan.stage(name);
    if (stage >= 0) return {};
    std::vector<std::string> names;
    for (const StageSpec& spec : plan.stages) names.push_back(spec.name);
    const std::string near = nearest_key(name, names);
    return near.empty()
               ? fmt::format("There is no stage “{}”; there are {}", name, fmt::join(names, ", "))
               : fmt::format("There is no stage “{}”; there is {}", name, near);
}

/// The stages that read the input directly: the one that was asked for, or those before it that do.
int print_uses(const ExplainArguments& arguments, const Result& result, int layer, int stage,
               const Output& output) {
    const LayerResult& computed = result.layers[static_cast<size_t>(layer)];
    Index cell;
    if (auto error = read_cell(arguments, "input", computed.input.shape(), cell); !error.empty())
        return output.fail(error);
    std::vector<int> stages{stage};
    if (arguments.stage == "output")
        for (int s = 0; s < static_cast<int>(computed.plan.stages.size()); ++s)
            if (const StageSpec& spec = computed.plan.stages[static_cast<size_t>(s)];
                s != stage && !spec.backward && !spec.optional)
                stages.push_back(s);
    if (!arguments.latex)
        output.out << fmt::format("input {} of {}\n", index_text(computed.input.shape(), cell),
                              layer_line(result.document.layers[static_cast<size_t>(layer)]));
    int64_t uses = 0;
    for (const int s : stages) {
        if (uses > 0 && s == stages[1]) break;  // the output reads it itself
        const Uses found = uses_in_stage(result, layer, s, cell,
                                         {.listed = kMaxLedgerTerms, .looked_at = kMostLookedAt});
        uses += found.total;
        if (arguments.latex && found.total > 0)
            output.out << uses_latex(result, layer, {Source::input, 0, cell}, found);
        else if (found.total > 0)
            output.out << fmt::format("\n{}\n{} {} of {}{}\n", uses_text(result, layer, found),
                                      grouped_text(found.total), found.total == 1 ? "term" : "terms",
                                      computed.plan.stages[static_cast<size_t>(s)].name,
                                      found.complete ? "" : ", and more that are not listed");
    }
    if (uses == 0) output.out << (arguments.latex ? "% No cell reads it.\n" : "\nNo cell reads it.\n");
    return kDone;
}

int run_explain(const ExplainArguments& arguments, const Output& output) {
    const ArgumentDocument read = read_document(arguments.document);
    if (!read.ok()) return read.fail(output);
    read.tell(output);
    const Document& document = read.document;
    const auto layers = static_cast<int64_t>(document.layers.size());
    const int64_t layer = arguments.layer.value_or(layers - 1);
    if (layer >= layers)
        return output.fail(
            fmt::format("There is no layer {}; there are 0 to {}", layer, layers - 1));

    const Result planned = plan_only(document);
    if (planned.problem) return output.fail(problem_line(planned));
    const Plan& plan = planned.layers[static_cast<size_t>(layer)].plan;
    int stage = -1;
    if (auto error = read_stage(plan, arguments.stage, stage); !error.empty())
        return output.fail(error);
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    Index cell;
    if (!arguments.uses) {
        if (auto error = read_cell(arguments, spec.name, spec.shape, cell); !error.empty())
            return output.fail(error);
        if (spec.terms(cell) > kMaxLedgerTerms)
            return output.fail(fmt::format("This cell has {} terms; up to {} are listed",
                                           grouped_text(spec.terms(cell)),
                                           grouped_text(kMaxLedgerTerms)));
    }
    Workers workers(arguments.limits.threads);
    const auto result =
        evaluate(document,
                 {.optional_stages = spec.optional,
                  .backward = spec.backward,
                  .most_bytes = arguments.limits.most_bytes()},
                 {.report = {}, .cancelled = {}, .workers = &workers});
    if (result->problem) return output.fail(problem_line(*result));
    if (arguments.uses)
        return print_uses(arguments, *result, static_cast<int>(layer), stage, output);
    const Explanation told = explain(*result, static_cast<int>(layer), stage, cell);
    output.out << (arguments.latex ? ledger_latex(*result, static_cast<int>(layer), stage, cell, told)
                                   : ledger_text(*result, static_cast<int>(layer), stage, cell, told));
    return kDone;
}

}  // namespace

Subcommand add_explain(CLI::App& program) {
    CLI::App* explain = program.add_subcommand("explain", "Prints the arithmetic behind one cell");
    const auto arguments = std::make_shared<ExplainArguments>();
    explain->add_option("FILE", arguments->document.document, "A document or a PyTorch expression")
        ->required();
    add_number_options(*explain, arguments->document);
    add_limits(*explain, arguments->limits);
    explain
        ->add_option("--cell", arguments->cell,
                     "The cell as row,column, with channel and sample in front; from 0")
        ->required();
    explain
        ->add_option("--channel", arguments->channel, "Its channel, where --cell does not say (0)")
        ->check(check_count);
    explain->add_option("--n", arguments->n, "Its sample, where --cell does not say (0)")
        ->check(check_count);
    explain->add_option("--layer", arguments->layer, "The layer, from 0 (the last)")
        ->check(check_count);
    explain->add_option("--stage", arguments->stage,
                        "output (if not said), grad_input, grad_weight, mean, … of the layer");
    explain->add_flag("--uses", arguments->uses,
                      "The other way: where this cell of the layer's input goes");
    explain->add_flag("--latex", arguments->latex, "As LaTeX (amsmath) instead of a table");
    explain->footer(kExamples);
    return {explain, [arguments](const Output& output) { return run_explain(*arguments, output); }};
}

}  // namespace convscope
