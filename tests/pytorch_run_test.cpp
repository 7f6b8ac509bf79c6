// Scripts run by the real PyTorch, all in one process: equal outputs for every op and for random chains, refusals where we
// refuse, assertions that notice a wrong number; and what PyTorch prints of the layers reads back. Skipped where no
// python3 can import torch (Debian: python3-torch); CONVSCOPE_PYTHON names another.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/presets.h"
#include "core/pytorch.h"
#include "core/pytorch_read.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

// Runs each script of the manifest and says where it did not end as expected; keeps what PyTorch prints of the layers.
constexpr const char* kDriver = R"(
import contextlib, io, traceback, warnings
import torch
torch.set_num_threads(1)
warnings.simplefilter('ignore')
wrong = 0
for line in open('manifest.txt'):
    expected, name = line.split()
    scope, outcome, told = {}, 'runs', ''
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(open(name).read(), name, 'exec'), scope)
    except AssertionError:
        outcome, told = 'differs', traceback.format_exc(limit=-1)
    except Exception:
        outcome, told = 'refuses', traceback.format_exc(limit=-1)
    if 'layers' in scope:
        with open(name + '.repr', 'w') as file:
            file.write(repr(scope['layers']))
    if outcome != expected:
        wrong += 1
        print(name, outcome, 'where it was expected that it', expected)
        if wrong <= 5: print(told, open(name).read()[:4000], sep='\n')
print('wrong:', wrong)
)";

/// A python3 that has PyTorch; "" when there is none. Debian's package belongs to /usr/bin/python3, wherever PATH leads.
std::string python_with_torch() {
    std::vector<std::string> candidates{"python3", "/usr/bin/python3"};
    if (const char* named = std::getenv("CONVSCOPE_PYTHON")) candidates = {named};
    for (const std::string& python : candidates)
        if (std::system((python + " -c 'import torch' >/dev/null 2>&1").c_str()) == 0)
            return python;
    return "";
}

/// Scripts on their way to PyTorch.
struct Batch {
    std::string folder = "pytorch_scripts/";
    std::string manifest;
    std::vector<Document> documents;

    Batch() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directory(folder);
    }
    std::string name(size_t i) const { return fmt::format("{}.py", i); }
    void add(Document document, const std::string& text, const std::string& expected) {
        manifest += expected + " " + name(documents.size()) + "\n";
        std::ofstream(folder + name(documents.size())) << text;
        documents.push_back(std::move(document));
    }
    void add(const Document& document) {
        const auto result = evaluate(document);
        ASSERT_FALSE(result->problem.has_value()) << result->problem->whole();
        add(document, script_text(document, *result), "runs");
    }
    /// What PyTorch said.
    std::string run(const std::string& python) const {
        std::ofstream(folder + "manifest.txt") << manifest;
        std::ofstream(folder + "driver.py") << kDriver;
        const std::string command = "cd " + folder + " && " + python + " driver.py > said.txt 2>&1";
        const int status = std::system(command.c_str());
        return read("said.txt") + (status == 0 ? "" : "\nthe driver failed");
    }
    std::string read(const std::string& file) const {
        std::ostringstream text;
        text << std::ifstream(folder + file).rdbuf();
        return text.str();
    }
};

int64_t draw(std::mt19937_64& random, int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
}

/// A chain of layers of any ops, with skip connections where shapes allow, in train or eval mode.
Document random_chain(std::mt19937_64& random) {
    Document document;
    Shape shape{draw(random, 1, 3), draw(random, 1, 3), draw(random, 5, 9), draw(random, 5, 9)};
    if (draw(random, 0, 1) == 0)
        document.input.tensor = random_tensor(shape, random, false);
    else
        document.input = generated_input("normal", 3, shape);
    document.training = draw(random, 0, 2) != 0;
    document.batches = draw(random, 1, 3);
    std::vector<Shape> inputs;
    for (int64_t wanted = draw(random, 2, 7); wanted > 0; --wanted) {
        const auto& ops = all_ops();
        const Op& op =
            ops[static_cast<size_t>(draw(random, 0, static_cast<int64_t>(ops.size()) - 1))];
        document.layers.push_back(make_layer(op, shape));
        inputs.push_back(shape);
        for (Tensor& weight : document.layers.back().weights)
            weight = random_tensor(weight.shape(), random, false);
        const Result planned = plan_only(document);
        if (planned.problem || planned.layers.back().plan.output_stage().shape.count() > 4000) {
            document.layers.pop_back();
            inputs.pop_back();
            continue;
        }
        shape = planned.layers.back().plan.output_stage().shape;
        const auto skip = draw(random, 1, static_cast<int64_t>(document.layers.size()));
        if (inputs[document.layers.size() - static_cast<size_t>(skip)] == shape)
            document.layers.back().skip = skip;
    }
    if (document.layers.empty()) document.layers.push_back(make_layer(all_ops()[0], shape));
    fit_weights(document);
    return document;
}

/// Thirty layers through which the signal all but vanishes: a tolerance of fixed size would hide everything.
Document vanishing_chain(std::mt19937_64& random) {
    Document document;
    document.input.tensor = random_tensor({2, 8, 1, 1}, random, false);
    for (int k = 0; k < 30; ++k) {
        Layer layer = make_layer(*find_op("conv2d"), {2, 8, 1, 1});
        layer.params[static_cast<size_t>(field_index(*layer.op, "out_channels"))] = int64_t(8);
        layer.params[static_cast<size_t>(field_index(*layer.op, "kernel_size"))] = Pair{1, 1};
        document.layers.push_back(std::move(layer));
    }
    fit_weights(document);
    for (Layer& layer : document.layers) {
        Tensor weight = random_tensor(layer.weights[0].shape(), random, false);
        for (float& v : weight.mutate()) v *= 0.1f;
        layer.weights[0] = weight;
    }
    return document;
}

/// The result with one cell of the output off by a thousandth of the largest.
Result with_wrong_cell(Result result, std::mt19937_64& random) {
    LayerResult& last = result.layers.back();
    Tensor& output = last.stages[static_cast<size_t>(last.plan.skip.sum >= 0 ? last.plan.skip.sum
                                                                             : last.plan.output)];
    float largest = 0;
    for (const float v : output.values()) largest = std::max(largest, std::abs(v));
    const auto values = output.mutate();
    values[static_cast<size_t>(draw(random, 0, static_cast<int64_t>(values.size()) - 1))] +=
        largest == 0 ? 1 : largest / 1000;
    return result;
}

/// Parameters drawn without regard for what is possible; none for an op that seems to take everything.
std::optional<Document> impossible_layer(const Op& op, std::mt19937_64& random) {
    if (op.fields.empty()) return {};
    for (int attempt = 0; attempt < 200; ++attempt) {
        Document document = random_layer(op, random, true);
        const auto field =
            static_cast<size_t>(draw(random, 0, static_cast<int64_t>(op.fields.size()) - 1));
        Value& value = document.layers[0].params[field];
        if (auto* whole = std::get_if<int64_t>(&value)) *whole += draw(random, -3, 3);
        if (auto* pair = std::get_if<Pair>(&value)) pair->h += draw(random, -3, 12);
        const Layer& layer = document.layers[0];
        // torch.nn.BatchNorm2d without weights and running statistics never looks at num_features; we say what is amiss.
        const int affine = field_index(op, "affine");
        if (affine >= 0 && layer.params[static_cast<size_t>(affine)] == Value(false)) continue;
        if (op.plan(layer.params, document.input.tensor.shape(), document.training).problem)
            return document;
    }
    return {};
}

/// What PyTorch prints says less than the layer; all that it says must be read as it is.
void expect_read_back(const Document& document, const std::string& printed) {
    const PytorchResult back = read_pytorch(printed);
    ASSERT_TRUE(back.ok()) << printed << "\n" << back.error;
    ASSERT_EQ(back.document.layers.size(), document.layers.size()) << printed;
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Layer &layer = document.layers[k], &read = back.document.layers[k];
        ASSERT_EQ(read.op, layer.op) << printed;
        for (size_t i = 0; i < layer.params.size(); ++i) {
            const std::string& key = layer.op->fields[i].key;
            const bool told = printed.find(key + "=") != std::string::npos;
            // What None stands for is printed as its value: stride=2 of a pool.
            const bool is_none = to_python(layer.params[i]) == "None";
            if ((told && !is_none) || !layer.op->fields[i].has_default) {
                EXPECT_EQ(to_python(read.params[i]), to_python(layer.params[i])) << key << "\n"
                                                                                 << printed;
            }
        }
    }
}

TEST(PyTorchRun, TheRealPyTorchAgrees) {
    const std::string python = python_with_torch();
    if (python.empty())
        GTEST_SKIP() << "no python3 here can import torch (Debian: python3-torch): not compared";
    std::mt19937_64 random(test_seed(41));
    Batch batch;
    for (const DocumentPreset& preset : document_presets()) batch.add(preset.make());
    for (const Op& op : all_ops())
        for (int i = 0; i < 20; ++i) batch.add(random_layer(op, random, i % 2 == 0));
    for (int i = 0; i < 80; ++i) batch.add(random_chain(random));
    for (int i = 0; i < 3; ++i) batch.add(vanishing_chain(random));

    for (int i = 0; i < 20; ++i) {
        const Document document = i < 2 ? vanishing_chain(random) : random_chain(random);
        const Result wrong = with_wrong_cell(*evaluate(document), random);
        batch.add(document, script_text(document, wrong), "differs");
    }
    for (const Op& op : all_ops())
        for (int i = 0; i < 5; ++i)
            if (const auto document = impossible_layer(op, random))
                batch.add(*document, script_text(*document, *evaluate(*document)), "refuses");
    EXPECT_EQ(batch.run(python), "wrong: 0\n");
    for (size_t i = 0; i < batch.documents.size(); ++i) {
        const std::string printed = batch.read(batch.name(i) + ".repr");
        if (!printed.empty() && batch.documents[i].layers.size() == 1)
            expect_read_back(batch.documents[i], printed);
    }
}

}  // namespace
}  // namespace convscope
