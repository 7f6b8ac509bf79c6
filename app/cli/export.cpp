// convscope export: weights, input, output or any stage of a document, as .npy or .safetensors.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/cli/document_arguments.h"
#include "app/cli/subcommands.h"
#include "app/ledger_text.h"
#include "core/evaluate.h"
#include "core/io/files.h"
#include "core/tensor_files.h"
#include "core/workers.h"

namespace convscope {
namespace {

constexpr const char* kExamples =
    "Without --tensor the weights, named as PyTorch's state_dict names them. Tensors: input, "
    "output, 0.weight,\n"
    "1.running_mean, 2.output, 2.grad_input and every other stage of a layer; layers count from 0. "
    "Several go into one\n"
    ".safetensors file, a .npy file holds one.\n"
    "Examples:\n"
    "  convscope export net.json --out weights.safetensors\n"
    "  convscope export \"nn.Conv2d(1, 1, 3)\" --weights w.npy --input x.npy --tensor output --out "
    "y.npy\n"
    "  convscope export net.json --tensor 0.output --tensor 0.grad_weight --out "
    "layer.safetensors\n";

constexpr size_t kMostNames = 6;  // that are printed

struct ExportArguments {
    DocumentArguments document;
    Limits limits;
    std::vector<std::string> tensors;
    std::string file;
};

int run_export(const ExportArguments& arguments, const Output& output) {
    ArgumentDocument read = read_document(arguments.document);
    if (!read.ok()) return read.fail(output);
    read.tell(output);
    std::vector<NamedTensor> tensors;
    if (arguments.tensors.empty()) {
        if (const Result planned = plan_only(read.document); planned.problem)
            return output.fail(problem_line(planned));
        tensors = named_tensors(read.document);
        if (tensors.empty())
            return output.fail(
                "No layer of this chain has weights; name what is written by --tensor");
    } else {
        Want want{.most_bytes = arguments.limits.most_bytes()};
        for (const std::string& name : arguments.tensors)
            want.backward |= name.find("grad_") != std::string::npos;
        want.output_only = std::ranges::all_of(
            arguments.tensors, [](const std::string& name) { return name == "output"; });
        Workers workers(arguments.limits.threads);
        const Result result =
            *evaluate(read.document, want, {.report = {}, .cancelled = {}, .workers = &workers});
        for (const std::string& name : arguments.tensors) {
            std::string error;
            NamedTensor found = find_tensor(result, name, error);
            if (!error.empty())
                return output.fail(result.problem ? problem_line(result) : error);
            const auto is_found = [&](const NamedTensor& other) {
                return other.name == found.name;
            };
            if (std::ranges::none_of(tensors, is_found)) tensors.push_back(std::move(found));
        }
    }
    std::string error;
    if (!write_tensor_file(arguments.file, tensors, error)) return output.fail(error);
    output.out << fmt::format("{} is written: ", display_name(arguments.file));
    if (tensors.size() > kMostNames) output.out << fmt::format("{} tensors, ", tensors.size());
    for (size_t i = 0; i < std::min(tensors.size(), kMostNames); ++i)
        output.out << fmt::format("{}{} ({})", i > 0 ? ", " : "", tensors[i].name,
                                  dims_text(tensors[i].dims));
    output.out << (tensors.size() > kMostNames ? ", …\n" : "\n");
    return kDone;
}

}  // namespace

Subcommand add_export(CLI::App& program) {
    CLI::App* app = program.add_subcommand(
        "export", "Writes weights, input, output or stages as .npy or .safetensors");
    const auto arguments = std::make_shared<ExportArguments>();
    app->add_option("FILE", arguments->document.document, "A document or a PyTorch expression")
        ->required();
    add_number_options(*app, arguments->document);
    add_limits(*app, arguments->limits);
    app->add_option("--tensor", arguments->tensors, "What is written; may be repeated")
        ->allow_extra_args(false);
    app->add_option("-o,--out", arguments->file, "The .npy or .safetensors file that is written")
        ->required();
    app->footer(kExamples);
    return {app, [arguments](const Output& output) { return run_export(*arguments, output); }};
}

}  // namespace convscope
