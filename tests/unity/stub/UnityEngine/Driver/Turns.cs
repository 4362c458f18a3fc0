namespace UnityEngine.Stub
{
    // Rotations that bring one direction onto another.
    internal static class Turns
    {
        // The shortest; of two opposite directions, about any axis across.
        internal static Quaternion Between(Vector3 from, Vector3 to)
        {
            Vector3 across = Vector3.Cross(from, Vector3.right);
            return Between(from, to, across.sqrMagnitude > 1e-6f ? across : Vector3.Cross(from, Vector3.up));
        }

        private static Quaternion Between(Vector3 from, Vector3 to, Vector3 across)
        {
            from = from.normalized;
            to = to.normalized;
            Vector3 axis = Vector3.Cross(from, to);
            float real = 1F + from.x * to.x + from.y * to.y + from.z * to.z;
            if (real < 1e-6f) return Quaternion.AngleAxis(180F, across);
            return new Quaternion(axis.x, axis.y, axis.z, real).normalized;
        }

        // Forward onto a direction, with its up as near to the world's as that allows.
        internal static Quaternion Looking(Vector3 direction)
        {
            if (direction == Vector3.zero) return Quaternion.identity;
            Quaternion turn = Between(Vector3.forward, direction);
            Vector3 ahead = direction.normalized;
            Vector3 side = Vector3.Cross(Vector3.up, ahead);
            if (side.sqrMagnitude < 1e-6f) return turn;
            return Between(turn * Vector3.right, side, ahead) * turn;
        }
    }
}
