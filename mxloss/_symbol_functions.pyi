"""Written by tests/tools/stubs.py."""

from collections.abc import Callable
from typing import Protocol, overload, type_check_only

from ._symbol import Symbol
from ._typing import Attr, Axis, DType, Name, Number, Shape
from .operators import Operator

functions: dict[str, Callable[..., Symbol]]

def make_function(entry: Operator, alias: str) -> Callable[..., Symbol]: ...
def checked(attr: dict[str, str] | None) -> dict[str, str]: ...

@type_check_only
class _Mixed(Protocol):
    @overload
    def __call__(self, lhs: Symbol, rhs: Symbol | Number) -> Symbol: ...
    @overload
    def __call__(self, lhs: Number, rhs: Symbol) -> Symbol: ...
    @overload
    def __call__(self, lhs: float, rhs: float) -> float: ...

def square(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def abs(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def exp(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def log(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def log1p(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def expm1(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def log2(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def log10(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def sqrt(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def rsqrt(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def reciprocal(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def relu(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def sigmoid(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def softrelu(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def softsign(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def tanh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def sin(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def cos(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arcsin(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arccos(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arctan(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def sign(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def floor(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def ceil(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def trunc(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def round(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def negative(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def logical_not(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def identity(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def Activation(data: Symbol, act_type: str, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def BlockGrad(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def stop_gradient(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def make_loss(
    data: Symbol, grad_scale: float = 1.0, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def MakeLoss(
    data: Symbol, grad_scale: float = 1.0, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def cast(data: Symbol, dtype: DType, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def Cast(data: Symbol, dtype: DType, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def clip(
    data: Symbol, a_min: float, a_max: float, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def smooth_l1(
    data: Symbol, scalar: Number = 1.0, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def elemwise_add(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_add(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_plus(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def elemwise_sub(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_sub(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_minus(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def elemwise_mul(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_mul(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def elemwise_div(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_div(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_mod(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_power(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_maximum(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_minimum(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_hypot(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_equal(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_not_equal(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_greater(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_greater_equal(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_lesser(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_lesser_equal(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_logical_and(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_logical_or(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_logical_xor(
    lhs: Symbol, rhs: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def where(
    condition: Symbol, x: Symbol, y: Symbol, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def add_n(*args: Symbol, name: Name = None, attr: Attr = None) -> Symbol: ...
def ElementWiseSum(*args: Symbol, name: Name = None, attr: Attr = None) -> Symbol: ...
def sum(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def sum_axis(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def mean(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def nansum(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def prod(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def max(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def max_axis(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def min(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def min_axis(
    data: Symbol,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def norm(
    data: Symbol,
    ord: int = 2,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def L2Normalization(
    data: Symbol,
    eps: float = 1e-10,
    mode: str = "instance",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def log_softmax(
    data: Symbol,
    axis: int = -1,
    temperature: float | None = None,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def softmax(
    data: Symbol,
    axis: int = -1,
    temperature: float | None = None,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def softmin(
    data: Symbol,
    axis: int = -1,
    temperature: float | None = None,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def softmax_cross_entropy(
    data: Symbol, label: Symbol, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def argmax(
    data: Symbol, axis: Axis = None, keepdims: bool = False, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def argmin(
    data: Symbol, axis: Axis = None, keepdims: bool = False, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def argsort(
    data: Symbol,
    axis: int = -1,
    is_ascend: bool = True,
    dtype: DType = "float32",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def topk(
    data: Symbol,
    axis: int = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: DType = "float32",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def sort(
    data: Symbol, axis: int = -1, is_ascend: bool = True, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def dot(
    lhs: Symbol,
    rhs: Symbol,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def batch_dot(
    lhs: Symbol,
    rhs: Symbol,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def FullyConnected(
    data: Symbol,
    weight: Symbol,
    bias: Symbol | None = None,
    num_hidden: int | None = None,
    no_bias: bool = False,
    flatten: bool = True,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def Dropout(
    data: Symbol,
    p: float = 0.5,
    mode: str = "training",
    axes: Axis = (),
    cudnn_off: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def SoftmaxOutput(
    data: Symbol,
    label: Symbol,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: str = "null",
    smooth_alpha: float = 0.0,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def Embedding(
    data: Symbol,
    weight: Symbol,
    input_dim: int | None = None,
    output_dim: int | None = None,
    dtype: DType = "float32",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def CTCLoss(
    data: Symbol,
    label: Symbol,
    data_lengths: Symbol | None = None,
    label_lengths: Symbol | None = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def ctc_loss(
    data: Symbol,
    label: Symbol,
    data_lengths: Symbol | None = None,
    label_lengths: Symbol | None = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def reshape(
    data: Symbol, shape: Shape, reverse: bool = False, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def Reshape(
    data: Symbol, shape: Shape, reverse: bool = False, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def reshape_like(lhs: Symbol, rhs: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def flatten(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def Flatten(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def expand_dims(data: Symbol, axis: int, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def squeeze(data: Symbol, axis: Axis = None, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def transpose(
    data: Symbol, axes: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def swapaxes(
    data: Symbol, dim1: int = 0, dim2: int = 0, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def SwapAxis(
    data: Symbol, dim1: int = 0, dim2: int = 0, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def flip(data: Symbol, axis: int, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def reverse(data: Symbol, axis: int, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def diag(
    data: Symbol,
    k: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def cumsum(
    a: Symbol, axis: Axis = None, dtype: DType = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def zeros_like(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def ones_like(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def shape_array(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def size_array(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def broadcast_to(data: Symbol, shape: Shape, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def broadcast_like(lhs: Symbol, rhs: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def broadcast_axis(
    data: Symbol, axis: Axis = (), size: Shape = (), *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def broadcast_axes(
    data: Symbol, axis: Axis = (), size: Shape = (), *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def tile(data: Symbol, reps: Shape, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def repeat(
    data: Symbol, repeats: int, axis: Axis = None, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def concat(*data: Symbol, dim: int = 1, name: Name = None, attr: Attr = None) -> Symbol: ...
def Concat(*data: Symbol, dim: int = 1, name: Name = None, attr: Attr = None) -> Symbol: ...
def stack(*data: Symbol, axis: int = 0, name: Name = None, attr: Attr = None) -> Symbol: ...
def split(
    data: Symbol,
    num_outputs: int,
    axis: int = 1,
    squeeze_axis: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def SliceChannel(
    data: Symbol,
    num_outputs: int,
    axis: int = 1,
    squeeze_axis: bool = False,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def slice_axis(
    data: Symbol, axis: int, begin: Axis, end: Axis, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def slice(
    data: Symbol, begin: Axis, end: Axis, step: Axis = (), *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def slice_like(
    data: Symbol, shape_like: Symbol, axes: Axis = (), *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def pick(
    data: Symbol,
    index: Symbol,
    axis: int = -1,
    keepdims: bool = False,
    mode: str = "clip",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def take(
    a: Symbol,
    indices: Symbol,
    axis: int = 0,
    mode: str = "clip",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def batch_take(a: Symbol, indices: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def gather_nd(data: Symbol, indices: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def one_hot(
    indices: Symbol,
    depth: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    dtype: DType = "float32",
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def SequenceMask(
    data: Symbol,
    sequence_length: Symbol | None = None,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def sequence_mask(
    data: Symbol,
    sequence_length: Symbol | None = None,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...
def tan(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def sinh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def cosh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arcsinh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arccosh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def arctanh(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def cbrt(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def rcbrt(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def degrees(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def radians(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def fix(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def rint(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def erf(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def gammaln(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def gamma(data: Symbol, *, name: Name = None, attr: Attr = None) -> Symbol: ...
def hard_sigmoid(
    data: Symbol, alpha: float = 0.2, beta: float = 0.5, *, name: Name = None, attr: Attr = None
) -> Symbol: ...
def LeakyReLU(
    data: Symbol,
    act_type: str = "leaky",
    slope: float = 0.25,
    *,
    name: Name = None,
    attr: Attr = None,
) -> Symbol: ...

add: _Mixed
subtract: _Mixed
multiply: _Mixed
divide: _Mixed
true_divide: _Mixed
modulo: _Mixed
power: _Mixed
pow: _Mixed
maximum: _Mixed
minimum: _Mixed
hypot: _Mixed
equal: _Mixed
not_equal: _Mixed
greater: _Mixed
greater_equal: _Mixed
lesser: _Mixed
lesser_equal: _Mixed
logical_and: _Mixed
logical_or: _Mixed
logical_xor: _Mixed
