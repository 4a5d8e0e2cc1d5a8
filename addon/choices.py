# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user can choose from: (identifier, name, tooltip) as Blender's enumerations want it."""

from __future__ import annotations

from .idnames import DETAIL, Attributes

METHODS = (
    ("balanced", "Balanced", "Compromise between angles and areas: the smallest error at a given degree"),
    (
        "authalic",
        "Equal Area",
        "Every part gets its share of the sphere: best for statistics over the surface",
    ),
    ("conformal", "Conformal", "Keeps angles. Limbs shrink to almost nothing, so fine detail there is lost"),
    ("cmcf", "Mean Curvature Flow", "Conformalised mean curvature flow. Fails on shapes with thin limbs"),
)

CHANNELS = (
    ("color", "Color", "The active color attribute, where the mesh has one"),
    (
        "curvature",
        "Curvature",
        "Curvature density and area distortion: what Reconstruct From Curvature needs",
    ),
    ("density", "Density", "Vertex density: where a new mesh shall be fine, which Reconstruct Adapted needs"),
)

SAMPLINGS = (
    ("source", "Original", "The vertices of the encoded mesh: UV maps, weights and materials are kept"),
    ("icosphere", "Icosphere", "An even new mesh, independent of the original"),
    ("adaptive", "Adapted", "A new mesh that is fine where the original was fine"),
)

BASES = (
    ("POSITION", "Positions", "Evaluate the position channels: exact and quick"),
    ("CURVATURE", "Curvature", "Solve for the surface that has the encoded curvature and areas: slower"),
)

MIRROR_PLANES = (
    ("DETECTED", "Detected", "The plane chosen in the Symmetry list; without one, the best plane is looked for"),
    ("X", "X", "The plane across X through the origin of the object"),
    ("Y", "Y", "The plane across Y through the origin of the object"),
    ("Z", "Z", "The plane across Z through the origin of the object"),
)

SYMMETRISE_METHODS = (
    (
        "GEOMETRY",
        "Geometry",
        "Cut the mesh at the plane, and weld the mirror image of one half to it. Works for every mesh",
    ),
    (
        "INDEX",
        "Vertices",
        "Keep vertices and faces, and move each vertex to where its partner says. Works where the faces of both halves"
        " correspond, and then undoes dents and poses too",
    ),
    (
        "HARMONIC",
        "Harmonics",
        "Take the asymmetry out of the coefficients: a new object, with a slider from symmetric over the original to"
        " exaggerated. The mesh must be encoded",
    ),
)

MIRROR_SIDES = (
    ("POSITIVE", "Positive", "Keep the half on the side of the axis, or of the normal of the plane"),
    ("NEGATIVE", "Negative", "Keep the half on the other side"),
    ("AVERAGE", "Average", "The mean of both halves"),
)

UV_SIDES = (
    ("SHARE", "Share", "Both halves are at the same place: one texture serves both"),
    ("MIRROR", "Mirror", "The mirrored half is turned over about the middle of the tile: u becomes 1 − u"),
)

SMOOTHINGS = (
    ("NONE", "None", "No smoothing"),
    ("GAUSSIAN", "Gaussian", "Fade degrees out like a Gaussian blur that is as wide as the given angle"),
    ("HEAT", "Heat", "Let the shape diffuse over the sphere, as heat does, for the given time"),
)

MEASURES = (
    ("slope", "Slope", "Count how much a band of degrees tilts the surface: what the eye sees"),
    ("displacement", "Displacement", "Count how far a band of degrees moves the surface: coarse bands weigh most"),
    ("bending", "Bending", "Count how much a band of degrees curves the surface: fine bands weigh most"),
)

POSES = (
    ("rigid", "Turn and Move", "Lay the other shapes onto the active one, whatever their pose; sizes stay"),
    ("similarity", "Also Scale", "Lay the other shapes onto the active one, and give them its size"),
    ("keep", "Keep", "Leave each shape where it is in the scene"),
)

SPACE_ALIGNMENTS = (
    ("none", "Nothing", "Take the coefficients as they are: they were aligned before"),
    ("parameters", "Spheres", "Turn the parameter spheres only: place and direction in space count as differences"),
    ("rigid", "Spheres and Pose", "Also the place and direction in space"),
    ("similarity", "Spheres, Pose and Size", "Also the size"),
)

SPACE_SAMPLINGS = (
    ("source", "Active", "The vertices of the active object: UV maps, weights and materials are kept"),
    ("icosphere", "Icosphere", "An even new mesh, independent of the originals"),
)

LIKENESSES = (
    ("form", "Form", "How the shape is spread over the degrees and the axes, whatever its pose, size and mesh"),
    ("power", "Power", "How the shape is spread over the degrees alone"),
    ("color", "Color", "How the colors are spread over the degrees"),
    ("curvature", "Curvature", "How the curvature is spread over the degrees"),
)

EASINGS = (
    ("BEZIER", "Ease", "Begin and end each part of the way slowly"),
    ("LINEAR", "Even", "The same speed all the way"),
)

BANDS = tuple((2**octave, 2 ** (octave + 1) - 1) for octave in range(11))
"""The octaves of degrees that can be shown, 1, 2–3, 4–7 … 1024–2047."""


def band_label(low: int, high: int) -> str:
    """The degrees of a band as the panel shows them: "1", "4–7"."""
    return str(low) if low == high else f"{low}–{high}"


SHOWN = (
    (
        Attributes.CURVATURE,
        "Curvature Density",
        "Mean curvature times the root of the area scale: bumps and hollows",
    ),
    (
        Attributes.AREA,
        "Area Distortion",
        "Logarithm of how much of its share of the sphere each part gets: 0 is fair",
    ),
    (Attributes.DENSITY, "Vertex Density", "Vertices per area of the sphere, 1 on average"),
    (
        Attributes.ANGLE,
        "Angle Distortion",
        "Change of the corner angles on the sphere, in degrees: 0 is conformal",
    ),
    (Attributes.DOMINANT, "Dominant Degree", "The degree around which the detail of this place is (Locate Detail)"),
    *(
        (
            f"{DETAIL}{low}",
            f"Detail {band_label(low, high)}",
            f"Share of the degrees {band_label(low, high)} in the detail",
        )
        for low, high in BANDS
    ),
    ("rgb", "RGB", "The colors of the mesh itself"),
)

TARGETS = (
    ("IN_PLACE", "In Place", "The object itself is repaired; undo brings it back"),
    ("NEW", "New Object", "A repaired copy is made at the same place, and the original is hidden"),
)

BATCH_VERBS = (
    ("encode", "Encode", "Meshes to coefficients (*.harmonics.npz)"),
    ("decode", "Reconstruct", "Coefficients to meshes (PLY)"),
    ("repair", "Repair", "Mend each mesh by the recipe"),
    ("check", "Check", "Which of the meshes can be encoded"),
    ("compare", "Compare", "How far each mesh is from its reference"),
)

FILE_TYPES = (
    ("PLY", "PLY", "Stanford polygon file, binary, with colors"),
    ("OBJ", "OBJ", "Wavefront object, text"),
    ("GLB", "GLB", "Binary glTF"),
)

SHAPE_FORMATS = (
    ("AUTO", "By Ending", "The ending of the name chooses: .npz, .psh, .sh, .coef, .csv, .txt"),
    ("HARMONICS", "Spherical Cow (.npz)", "Everything: coefficients, certificate, and the map of the original"),
    (
        "PROGRESSIVE",
        "Progressive (.psh)",
        "Small: rounded, low degrees first; its beginning is a smooth shape",
    ),
    ("SHTOOLS", "SHTOOLS (.sh)", "Text, one file for each channel, also for pyshtools"),
    ("SPHARM_PDM", "SPHARM-PDM (.coef)", "Text with six decimals, positions only, up to degree 85"),
    ("AICSSHPARAM", "aicsshparam (.csv)", "A row of a table: the distance from the center, for star-shaped bodies"),
    ("FLOWSHAPE", "flowshape (.txt, .npy)", "Positions scaled to area 4π around the centroid"),
    (
        "MESH2SH",
        "mesh2sh (.npy, .npz)",
        "Square images of density, curvature and area; needs those channels",
    ),
)
"""Formats of coefficients, named as in the library (`core.interchange.FORMATS`) in upper case."""

PICTURES = (
    ("power spectrum", "Power Spectrum", "How much of each channel is in each degree"),
    ("x", "X", "Coefficients of the x positions"),
    ("y", "Y", "Coefficients of the y positions"),
    ("z", "Z", "Coefficients of the z positions"),
    ("r", "Red", "Coefficients of the red channel"),
    ("g", "Green", "Coefficients of the green channel"),
    ("b", "Blue", "Coefficients of the blue channel"),
    (Attributes.CURVATURE, "Curvature Density", "Coefficients of the curvature density"),
    (Attributes.AREA, "Area Distortion", "Coefficients of the logarithm of the area distortion"),
    (Attributes.DENSITY, "Vertex Density", "Coefficients of the vertex density"),
)

SPACES = (
    ("WORLD", "World", "As both objects stand in the scene, with their scale"),
    ("OBJECT", "Object", "Each mesh in the coordinates of its own object, wherever that stands"),
)

ALIGNMENTS = (
    ("none", "As They Are", "Compare the meshes where they are"),
    ("harmonic", "Any Pose", "Correlate both shapes over all rotations, then bring the surfaces together"),
    ("principal", "Principal Axes", "Lay the longest axes onto each other, then bring the surfaces together"),
    ("closest", "Closest Points", "Bring the surfaces together from where they are"),
)

CHANGES = (
    ("OBJECT", "Object", "Move, turn and scale the objects; their meshes stay as they are"),
    ("MESH", "Mesh", "Move the vertices; the objects stay as they are. Coefficients on the mesh move along"),
)

CENTERS = (
    ("area", "Surface", "The centroid of the surface"),
    ("volume", "Volume", "The center of mass of the solid. Needs a closed mesh"),
    ("bounds", "Box", "The middle of the bounding box"),
    ("none", "Keep", "The place stays; sizes change about the origin"),
)

SIZES = (
    ("none", "Keep", "The size stays"),
    ("box", "Longest Side", "The longest side of the bounding box becomes 1"),
    ("diagonal", "Diagonal", "The diagonal of the bounding box becomes 1"),
    ("area", "Area", "The area of the surface becomes 1"),
    ("volume", "Volume", "The volume of the solid becomes 1. Needs a closed mesh"),
)

SPHERE_REFERENCES = (
    ("scene", "Active, in Place", "The sphere of the active object. The shapes already lie on each other in the scene"),
    ("any_pose", "Active, Any Pose", "The sphere of the active object, wherever the shapes lie. No object moves"),
    ("ellipsoid", "Own Ellipsoid", "The axes of each shape's own degree-1 ellipsoid: no second object is needed"),
)

VOLUMES = (
    ("points", "Points", "Evenly spread points: the most accurate for its time"),
    ("grid", "Voxels", "The middles of the voxels of a grid"),
    ("none", "None", "Leave it out"),
)

PROTOCOLS = (
    (
        "occupancy-networks",
        "Occupancy Networks",
        "Unit box of the truth, 100,000 points, Chamfer-L1 in tenths of a side",
    ),
    ("pixel2mesh", "Pixel2Mesh", "Vertices against 10,000 points, squared Chamfer, F-score at τ and 2 τ"),
    ("mesh-rcnn", "Mesh R-CNN", "Longest side 10, 10,000 points, squared Chamfer, F-score at 0.1, 0.3 and 0.5"),
    ("deepsdf", "DeepSDF", "30,000 points, squared Chamfer in units as they are"),
    ("symmetric-mcmr", "Symmetric MCMR", "Vertices from surfaces, also over the largest less the smallest coordinate"),
)

DISTANCES = (
    (Attributes.DISTANCE, "Distance", "Distance from the other mesh"),
    (Attributes.SIGNED_DISTANCE, "Signed Distance", "Distance from the other mesh: negative inside it"),
)

ERRORS = ((Attributes.SYMMETRY, "Symmetry Error", "Distance of the image of a vertex, as a part of the diagonal"),)

SIGNED = (Attributes.CURVATURE, Attributes.AREA, Attributes.SIGNED_DISTANCE)
"""Fields whose zero means something: their colours are symmetric around it."""


def color_map(attribute: str) -> str:
    """The name of the perceptual map of `core.colour_map` that an attribute is shown with."""
    return "blue_red" if attribute in SIGNED else "viridis"


DEVICES = (
    ("auto", "Fastest", "The graphics card where PyTorch can use it, else the processor"),
    ("cpu", "Processor", "Works everywhere"),
    ("cuda", "CUDA", "A graphics card of NVIDIA, or of AMD with ROCm"),
    ("mps", "Metal", "The graphics part of an Apple chip"),
)
"""What networks run on."""

SDF_PRESETS = (
    ("small", "Small", "A file of less than 1 MB; fitted in a minute or two on two cores"),
    ("full", "Full", "The hash grid of torch-ngp, 12 MB: the finest detail. Slow without a graphics card"),
)

CODE_PRESETS = (
    ("tiny", "Tiny", "64 wide, codes of 16 numbers: for a few plain shapes, in seconds"),
    ("small", "Small", "128 wide, codes of 32 numbers: for a few shapes, in minutes on a processor"),
    ("published", "Published", "512 wide, codes of 256 numbers, for hundreds of shapes: wants a graphics card"),
)

SDF_NETWORKS = (
    ("hash", "Hash Grid", "Features on grids of many resolutions, and a small network: quick, and the most accurate"),
    ("mlp", "Plain", "A plain network of the coordinates: smooth, without fine detail"),
    ("fourier", "Fourier Features", "A network that sees sines of the coordinates"),
    ("siren", "SIREN", "A network of sines"),
    ("deepsdf", "DeepSDF", "The decoder of DeepSDF without a code: eight wide layers, slow"),
)

SDF_LOSSES = (
    ("auto", "Automatic", "Relative for a hash grid, absolute for the other networks"),
    ("mape", "Relative", "The error as a part of the distance: what is near the surface counts most"),
    ("l1", "Absolute", "The error itself: the same everywhere"),
    ("clamped-l1", "Clamped", "The error of distances cut off at a tenth of the cube: only the surface counts"),
)

SDF_TOOLS = (
    ("offset", "Offset", "Grow or shrink the active object"),
    ("shell", "Shell", "Hollow the active object out"),
    ("union", "Union", "What is in the active object or the other one"),
    ("intersection", "Intersection", "What is in both objects"),
    ("difference", "Difference", "What is in the active object and not in the other one"),
    ("blend", "Blend", "A body between both objects"),
)

SHELL_SIDES = (
    ("inside", "Inside", "The surface is the outside of the wall"),
    ("centred", "Centered", "The surface is in the middle of the wall"),
    ("outside", "Outside", "The surface is the inside of the wall"),
)

AXES = (("x", "X", "Across X"), ("y", "Y", "Across Y"), ("z", "Z", "Across Z"))

IMAGE_SOURCES = (
    ("FILE", "File", "An image from disk"),
    ("IMAGE", "Image", "An image of this file"),
    ("CAMERA", "Camera", "A picture through the current camera, rendered in a moment"),
)

PICTURED = (
    ("OBJECT", "Active Object", "The active object alone, in even light. The result stands in its place"),
    ("SCENE", "Scene", "All that renders, in the light of the scene. The result stands at the 3D cursor"),
)

UP_AXES = (
    ("z", "Z Up", "As in Blender"),
    ("y", "Y Up", "As in imported files of many other programs, before Blender turns them"),
)
"""Which axis of an object points up."""
