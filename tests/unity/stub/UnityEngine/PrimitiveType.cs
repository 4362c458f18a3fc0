// As UnityCsReference has it: Runtime/Export/BaseClass.cs, Unity 2018.2.0a1.
namespace UnityEngine
{
    public enum PrimitiveType
    {
        Sphere = 0,
        Capsule = 1,
        Cylinder = 2,
        Cube = 3,
        Plane = 4,
        Quad = 5,
    }
}
