-- Fit a line to numbers of which some are wrong, by gradient descent.
--
--     luajit phone_calls.lua
--
-- phone_calls.py says what the numbers are. The declarations come from the installed header.

local ffi = require "ffi"
local bit = require "bit"

local function pkg_config(variable)
    local pipe = assert(io.popen("pkg-config --variable=" .. variable .. " mxloss"))
    local answer = pipe:read("*l")
    pipe:close()
    return assert(answer, "pkg-config does not find mxloss")
end

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    return text
end

-- The part between the [cdef] marks is plain declarations but for these two words.
local header = read(pkg_config "includedir" .. "/mxloss.h")
local declarations = header:match "%[cdef%].-%*/(.*)/%* %[end cdef%] %*/"
ffi.cdef((declarations:gsub("MXL_API ", ""):gsub("MXL_MAX_INPUTS", header:match "MXL_MAX_INPUTS (%d+)")))
local mxl = ffi.load(pkg_config "libdir" .. "/libmxloss.so.1")

local CALLS = {4.4, 4.7, 4.7, 5.9, 6.6, 7.3, 8.1, 8.8, 10.6, 12.0, 13.5, 14.9, 16.1, 21.2,
               119.0, 124.0, 142.0, 159.0, 182.0, 212.0, 43.0, 24.0, 27.0, 29.0}
local N = #CALLS

-- A vector and the tensor that describes it, which does not keep it alive: both are returned.
local length = ffi.new("int64_t[1]", N)
local function vector(numbers)
    local data = ffi.new("double[?]", N, numbers or 0)
    return data, ffi.new("mxl_tensor", {data = data, device = {mxl.MXL_CPU, 0}, ndim = 1,
                                        dtype = {mxl.MXL_FLOAT, 64, 1}, shape = length})
end

local function bits(number)
    local both = ffi.new "union { double number; uint64_t bits; }"
    both.number = number
    return bit.tohex(both.bits, -16)
end

-- Print the line; return the loss of each year.
local function fit(name, loss, options)
    local pred, p = vector()
    local label, z = vector(CALLS)
    local value, v = vector()
    local gradient, g = vector()
    local inputs = ffi.new("const mxl_tensor *[2]", {p, z})
    local grads = ffi.new "mxl_tensor *[2]"
    grads[0] = g -- and not with respect to the label
    local err = ffi.new "mxl_error"
    local exec = ffi.new("mxl_exec", {ffi.sizeof "mxl_exec", 0, err})
    local a, b = 0, 0
    for _ = 1, 2000 do
        for i = 0, N - 1 do pred[i] = a + b * (i / 10) end
        if mxl.mxl_run(loss, options, 2, inputs, nil, v, grads, exec) ~= mxl.MXL_OK then
            error(ffi.string(err.message), 0)
        end
        local da, db = 0, 0
        for i = 0, N - 1 do
            da = da + gradient[i]
            db = db + gradient[i] * (i / 10)
        end
        a = a - 0.5 * da / N
        b = b - 0.5 * db / N
    end
    print(("%-10s calls = %6.3f + %6.3f per decade  %s %s"):format(name, a, b, bits(a), bits(b)))
    return value
end

local huber = ffi.new "mxl_options"
mxl.mxl_defaults(mxl.MXL_HUBER, huber)
huber.rho = 2

fit("L2Loss", mxl.MXL_L2, nil)
local value = fit("HuberLoss", mxl.MXL_HUBER, huber)
io.write "more than 10 off:"
for i = 0, N - 1 do
    if value[i] > 9 then io.write(" ", 1950 + i) end
end
io.write "\n"
