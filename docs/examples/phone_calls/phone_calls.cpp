/*
 * phone_calls.cpp - fit a line to numbers of which some are wrong, by gradient descent
 *
 *     c++ -std=c++17 phone_calls.cpp $(pkg-config --cflags --libs mxloss) -o phone_calls
 *
 * phone_calls.py says what the numbers are.
 */
#include <mxloss.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

// A tensor that looks at a vector, which must outlive it.
class View {
  public:
    explicit View(const std::vector<double> &v) : length_{static_cast<std::int64_t>(v.size())} {
        tensor_.data = const_cast<double *>(v.data()); // inputs are only read
        tensor_.device = {MXL_CPU, 0};
        tensor_.ndim = 1;
        tensor_.dtype = {MXL_FLOAT, 64, 1};
        tensor_.shape = &length_;
    }
    View(const View &) = delete; // for the tensor points to its own length
    View &operator=(const View &) = delete;
    mxl_tensor *get() {
        return &tensor_;
    }

  private:
    std::int64_t length_;
    mxl_tensor tensor_{};
};

struct Result {
    std::vector<double> value, gradient;
};

class Loss {
  public:
    explicit Loss(mxl_loss which) : which_{which} {
        mxl_defaults(which, &options);
    }

    Result operator()(const std::vector<double> &pred, const std::vector<double> &label) const {
        Result r{std::vector<double>(pred.size()), std::vector<double>(pred.size())};
        View p{pred}, z{label}, value{r.value}, gradient{r.gradient};
        const mxl_tensor *inputs[] = {p.get(), z.get()};
        mxl_tensor *grads[] = {gradient.get(), nullptr}; // not with respect to the label
        mxl_error error;
        const mxl_exec exec{sizeof exec, 0, &error};
        if (mxl_run(which_, &options, 2, inputs, nullptr, value.get(), grads, &exec) != MXL_OK)
            throw std::runtime_error{error.message};
        return r;
    }

    mxl_options options;

  private:
    mxl_loss which_;
};

static const std::vector<double> calls{4.4,   4.7,   4.7,   5.9,   6.6,  7.3,  8.1,   8.8,
                                       10.6,  12.0,  13.5,  14.9,  16.1, 21.2, 119.0, 124.0,
                                       142.0, 159.0, 182.0, 212.0, 43.0, 24.0, 27.0,  29.0};

static unsigned long long bits(double number) {
    std::uint64_t u;
    std::memcpy(&u, &number, sizeof u);
    return u;
}

// Print the line; return the loss of each year.
static std::vector<double> fit(const std::string &name, const Loss &loss) {
    const std::size_t n = calls.size();
    std::vector<double> decade(n), pred(n), value;
    for (std::size_t i = 0; i < n; i++)
        decade[i] = i / 10.0;
    double a = 0, b = 0;
    for (int step = 0; step < 2000; step++) {
        for (std::size_t i = 0; i < n; i++)
            pred[i] = a + b * decade[i];
        auto result = loss(pred, calls);
        double da = 0, db = 0;
        for (std::size_t i = 0; i < n; i++) {
            da += result.gradient[i];
            db += result.gradient[i] * decade[i];
        }
        a -= 0.5 * da / n;
        b -= 0.5 * db / n;
        value = std::move(result.value);
    }
    std::printf("%-10s calls = %6.3f + %6.3f per decade  %016llX %016llX\n", name.c_str(), a, b,
                bits(a), bits(b));
    return value;
}

int main() try {
    Loss huber{MXL_HUBER};
    huber.options.rho = 2;

    fit("L2Loss", Loss{MXL_L2});
    const auto value = fit("HuberLoss", huber);
    std::printf("more than 10 off:");
    for (std::size_t i = 0; i < value.size(); i++)
        if (value[i] > 9)
            std::printf(" %d", 1950 + static_cast<int>(i));
    std::printf("\n");
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
